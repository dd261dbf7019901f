#!/usr/bin/env bash
# Installs what the platform needs and this machine lacks; sourced by run.sh and test.sh. Idempotent and quick when nothing is missing.
#   setup_run    servers (PostgreSQL, Redis, RabbitMQ), Aspire's engine, the sample MCP server
#   setup_test   the same, MariaDB and a Chromium for the tests

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/mcpplatform"
aspire_version=13.5.4
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 ASPIRE_CLI_TELEMETRY_OPTOUT=true NPM_CONFIG_UPDATE_NOTIFIER=false

say() { printf '==> %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# The folders in which packages put server binaries that are not on PATH.
has() {
  local name="$1" folder
  command -v "$name" >/dev/null 2>&1 && return 0
  for folder in /usr/lib/postgresql/*/bin /usr/lib/rabbitmq/bin /usr/sbin /opt/homebrew/opt/*/bin /opt/homebrew/opt/*/sbin /usr/local/opt/*/bin /usr/local/opt/*/sbin; do
    [ -x "$folder/$name" ] && return 0
  done
  return 1
}

check_tools() {
  command -v dotnet >/dev/null 2>&1 || die "The .NET SDK is missing: install version 10 (https://dotnet.microsoft.com/download), then run this again."
  (cd "$root" && dotnet --version >/dev/null 2>&1) || die "A .NET SDK that satisfies global.json is missing: $(dotnet --list-sdks | tr '\n' ' ')is installed, 10.0.4xx is needed."
  command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || die "Node.js with npm is missing: install version 20 or newer (https://nodejs.org), then run this again."
  [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || die "Node.js $(node --version) is too old: version 20 or newer is needed."
}

# install_packages NAME... : the names of Debian's packages; Homebrew's are looked up below.
install_packages() {
  local sudo=""
  if command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" -ne 0 ]; then
      command -v sudo >/dev/null 2>&1 || die "Installing $* needs root: run 'apt-get install $*' as root, then run this again."
      sudo="sudo"
    fi
    say "Installing with apt: $*"
    apt_without_services() {
      # AppHost starts its own instances: the packages' system services must not start, and must not be created where that can be said.
      local policy=/usr/sbin/policy-rc.d created=""
      if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null && $sudo chmod 755 "$policy" && created=yes
      fi
      $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$log" 2>&1
      local code=$?
      if [ -n "$created" ]; then $sudo rm -f "$policy"; fi
      return $code
    }
    local log; log="$(mktemp)"
    if ! apt_without_services "$@"; then
      say "Refreshing apt's package lists"
      $sudo apt-get update -qq >"$log" 2>&1 || { tail -5 "$log" >&2; die "apt-get update failed."; }
      apt_without_services "$@" || { tail -5 "$log" >&2; die "apt-get install $* failed."; }
    fi
    rm -f "$log"
  elif command -v brew >/dev/null 2>&1; then
    local names=() name
    for name in "$@"; do
      case "$name" in
        postgresql) names+=(postgresql@17) ;;
        redis-server) names+=(redis) ;;
        rabbitmq-server) names+=(rabbitmq) ;;
        mariadb-server) names+=(mariadb) ;;
        *) names+=("$name") ;;
      esac
    done
    say "Installing with Homebrew: ${names[*]}"
    brew install --quiet "${names[@]}" || die "brew install ${names[*]} failed."
  else
    die "Missing on this machine: $*. Install them with your package manager (Debian's names), then run this again."
  fi
}

install_servers() {
  local missing=()
  has postgres && has initdb || missing+=(postgresql)
  has redis-server || missing+=(redis-server)
  has rabbitmq-server || missing+=(rabbitmq-server)
  [ "${1:-}" = "for-tests" ] && ! { has mariadbd && has mariadb-install-db; } && missing+=(mariadb-server)
  [ "${1:-}" = "for-tests" ] && ! has chromium && ! has google-chrome && [ "$(uname -s)" = Linux ] && missing+=(chromium)
  if [ ${#missing[@]} -gt 0 ]; then install_packages "${missing[@]}"; else say "Servers are installed"; fi
}

install_engine() {
  if [ -n "${ASPIRE_DCP_PATH:-}" ] || compgen -G "$HOME/.aspire/versions/$aspire_version*/dcp/dcp" >/dev/null; then
    say "Aspire's engine $aspire_version is installed"
    return
  fi
  say "Installing Aspire's engine $aspire_version (once per user)"
  local folder="$cache/engine-$aspire_version" system machine package
  case "$(uname -s)" in Linux) system=linux ;; Darwin) system=osx ;; *) die "Aspire's engine is not known for $(uname -s): use Linux, macOS, or Windows with WSL." ;; esac
  case "$(uname -m)" in x86_64) machine=x64 ;; arm64|aarch64) machine=arm64 ;; *) die "Aspire's engine is not known for $(uname -m)." ;; esac
  package="@microsoft/aspire-cli-$system-$machine"
  mkdir -p "$folder"
  if [ "$system-$machine" = linux-x64 ]; then
    cp "$root/engine/package.json" "$root/engine/package-lock.json" "$folder/"
    (cd "$folder" && npm ci --prefer-offline --no-audit --no-fund --loglevel=error >/dev/null) || die "npm could not install $package@$aspire_version with the recorded integrity."
  else
    (cd "$folder" && npm install --prefer-offline --no-audit --no-fund --loglevel=error "$package@$aspire_version" >/dev/null) || die "npm could not install $package@$aspire_version."
  fi
  "$folder/node_modules/$package/bin/aspire" setup >"$folder/setup.log" 2>&1 || { tail -5 "$folder/setup.log" >&2; die "Aspire's engine could not be unpacked."; }
  compgen -G "$HOME/.aspire/versions/$aspire_version*/dcp/dcp" >/dev/null || die "Aspire's engine was installed, but dcp is not under $HOME/.aspire/versions."
}

# What the cache knows first; it may be older than the lock, and then the registry is asked.
install_locked() {
  (cd "$1" && { npm ci --prefer-offline --no-audit --no-fund --silent >/dev/null 2>&1 || npm ci --prefer-online --no-audit --no-fund --loglevel=error >/dev/null; } &&
    cp package-lock.json node_modules/.installed-lock)
}

install_sample() {
  local folder="$root/samples/everything-server"
  if cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed-lock"; then
    say "The sample MCP server is installed"
    return
  fi
  say "Installing the sample MCP server (@modelcontextprotocol/server-everything)"
  install_locked "$folder" || die "npm could not install the sample MCP server with the recorded integrity."
}

install_suite() {
  local folder="$root/tests/ConformanceServer/suite"
  if cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed-lock"; then
    say "The conformance suite is installed"
    return
  fi
  say "Installing the MCP conformance suite and its Node"
  install_locked "$folder" || die "npm could not install the conformance suite with the recorded integrity."
}

install_clients() {
  local folder="$root/tests/Clients"
  if cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed-lock"; then
    say "The TypeScript clients are installed"
    return
  fi
  say "Installing the official TypeScript clients and the MCP inspector"
  install_locked "$folder" || die "npm could not install the TypeScript clients with the recorded integrity."
}

build() {
  say "Building $1"
  dotnet build "$root/$1" --nologo -v quiet -clp:ErrorsOnly || die "The build failed; the errors are above."
}

setup_run() { check_tools; install_servers; install_engine; install_sample; }
setup_test() { check_tools; install_servers for-tests; install_engine; install_sample; install_suite; install_clients; }
