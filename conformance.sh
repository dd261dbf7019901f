#!/usr/bin/env bash
# Runs the official MCP conformance suite against the fixture server; with "--through URL --token TOKEN" also through a running platform in front of it. ./test.sh does both by itself.
set -eu
source "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/scripts/setup.sh"
check_tools
install_suite
build tests/ConformanceServer
fixture="$(mktemp)"
dotnet "$root/artifacts/bin/ConformanceServer/debug/ConformanceServer.dll" --port "${FIXTURE_PORT:-0}" >"$fixture" &
server=$!
trap 'kill "$server" 2>/dev/null; rm -f "$fixture"' EXIT
until [ -s "$fixture" ]; do kill -0 "$server" 2>/dev/null || die "The fixture server did not start."; sleep 0.2; done
say "The fixture listens at $(cat "$fixture")"
node "$root/scripts/conformance.mjs" --direct "$(sed 's/127.0.0.1/localhost/' "$fixture")" "$@"
