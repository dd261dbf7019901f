#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test; ends with "N passed, N failed, N skipped". Arguments choose test projects: ./test.sh Gateway.Tests
set -u
source "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/scripts/setup.sh"
setup_test
build McpPlatform.sln

results="$(mktemp -d)"
trap 'rm -rf "$results"' EXIT
projects=("$@")
[ ${#projects[@]} -gt 0 ] || projects=($(cd "$root/tests" && ls -d *.Tests))

# One project at a time: each starts its own servers, and two at once would measure each other.
passed=0 failed=0 skipped=0 broken=()
for project in "${projects[@]}"; do
  say "Testing $project"
  report="$results/$project.xml"
  (cd "$root/tests/$project" && dotnet "$root/artifacts/bin/$project/debug/$project.dll" -noLogo -noColor -xml "$report") </dev/null
  code=$?
  if [ ! -s "$report" ]; then
    echo "error: $project ended with code $code and wrote no report" >&2
    broken+=("$project")
    failed=$((failed + 1))
    continue
  fi
  count() { grep -o "<assembly [^>]*" "$report" | grep -oE " $1=\"[0-9]+\"" | grep -oE '[0-9]+' | paste -sd+ - | { read -r sum; echo $((sum + 0)); }; }
  passed=$((passed + $(count passed)))
  failed=$((failed + $(count failed) + $(count errors)))
  skipped=$((skipped + $(count skipped) + $(count not-run)))
  while IFS= read -r name; do broken+=("$name"); done < <(grep -oE '<test [^>]* result="Fail"' "$report" | sed -E 's/.* name="([^"]*)".*/\1/')
  [ $(($(count passed) + $(count failed))) -gt 0 ] || { echo "error: $project ran no test" >&2; failed=$((failed + 1)); }
done

[ ${#broken[@]} -eq 0 ] || printf 'failed: %s\n' "${broken[@]}"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
