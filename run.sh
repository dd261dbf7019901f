#!/usr/bin/env bash
# Installs what is missing, builds, and starts the platform; Ctrl-C stops it.
set -u
source "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/scripts/setup.sh"

usage() {
  cat <<TEXT
./run.sh                          start the platform, and print its addresses once all is healthy
./run.sh --smoke                  start it on empty data, do its main job, stop; exit code 0 or 1
./run.sh --first-admin-password   print the one-time password of the first admin of the running platform
./run.sh --help                   this text
Further arguments are passed to AppHost, for example: ./run.sh --Replicas 2
TEXT
}

case "${1:-}" in
  --help|-h) usage ;;
  --first-admin-password)
    secrets="${MCPPLATFORM_DATA:-$root/.data}/secrets.json"
    [ -r "$secrets" ] || die "There is no $secrets: start the platform with ./run.sh first."
    node -e 'const s = JSON.parse(require("fs").readFileSync(process.argv[1])); const p = s["first-admin-password"] ?? s["Parameters:first-admin-password"]; if (!p) process.exit(1); console.log(p)' "$secrets" ||
      die "$secrets holds no first-admin-password: start the platform with ./run.sh first."
    ;;
  --smoke)
    setup_run
    build AppHost
    exec node "$root/scripts/smoke.mjs" "$root"
    ;;
  *)
    setup_run
    build AppHost
    say "Starting; Ctrl-C stops everything"
    cd "$root/AppHost" && exec dotnet "$root/artifacts/bin/AppHost/debug/AppHost.dll" "$@"
    ;;
esac
