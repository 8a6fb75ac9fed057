# shellcheck shell=bash disable=SC2034
# Shared by the scripts; sourced, not run. Quiet when all is well; a failure says what, why and how to go on.

library=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$library/../.." && pwd)
# shellcheck source=scripts/lib/versions.sh
. "$library/versions.sh"

if [ "$(id -u)" = 0 ]; then
  cache=${AGENTPOD_CACHE_DIR:-/var/cache/agentpod}
else
  cache=${AGENTPOD_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/agentpod}
fi
mkdir -p "$cache"
# Root file systems are laid out here: /tmp may be in memory (Debian 13: always), and allow no devices in it.
export TMPDIR=${TMPDIR:-/var/tmp}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

step() { printf '==> %s\n' "$*" >&2; }
say() { printf '    %s\n' "$*" >&2; }

# fail WHAT_HAPPENED WHAT_TO_DO
fail() {
  {
    printf '\nFAILED: %s\n' "$1"
    if [ -s "$log" ]; then
      printf -- '--- what was said:\n'
      # The cause is often at the beginning, the consequence at the end.
      if [ "$(wc -l <"$log")" -le 24 ]; then cat "$log"; else head -n 8 "$log" && echo '...' && tail -n 15 "$log"; fi
      printf -- '---\n'
    fi
    printf 'What to do: %s\n' "$2"
  } >&2
  exit 1
}

# Runs a command without its output, keeping that for `fail`. A dot every 10 s says that it lives.
quietly() {
  local code=0 ticker=
  if [ -t 2 ]; then
    (while sleep 10; do printf '.' >&2; done) &
    ticker=$!
  fi
  "$@" >"$log" 2>&1 || code=$?
  if [ -n "$ticker" ]; then
    kill "$ticker" 2>/dev/null
    wait "$ticker" 2>/dev/null || true
  fi
  return "$code"
}

# wait_until SECONDS COMMAND...: until it succeeds.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >"$log" 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.5
  done
}

# need_packages NAME...: installs what is missing with apt, and asks apt nothing when all is there.
need_packages() {
  local name missing=()
  for name in "$@"; do
    # An engine from elsewhere (docker-ce, or one that answers over a socket) is as good, and two do not go together.
    # A client alone is not an engine.
    if [ "$name" = docker.io ] && { command -v dockerd || docker version; } >/dev/null 2>&1; then continue; fi
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || fail "missing packages: ${missing[*]}" "Install them (sudo apt-get install ${missing[*]}), then run this again."
  step "install ${missing[*]}"
  # An unreachable extra source does not matter as long as the packages are had.
  quietly apt-get update || say "apt-get update complained; going on"
  quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" ||
    fail "apt could not install ${missing[*]}" "Repair apt on this machine (apt-get update), then run this again."
}

# fetch URL FILE SUM_COMMAND SUM: downloads to FILE unless it is there; nothing unverified is ever left behind.
fetch() {
  local url=$1 file=$2 sum_command=$3 sum=$4
  if [ -s "$file" ] && echo "$sum  $file" | "$sum_command" --check --status; then return; fi
  quietly curl --fail --silent --show-error --location --retry 3 --connect-timeout 15 --max-time 900 --output "$file.part" "$url" ||
    fail "could not download $url" "Check that this machine reaches it, then run this again."
  if ! echo "$sum  $file.part" | "$sum_command" --check --status; then
    rm -f "$file.part"
    fail "$url is not what it was when this version of AgentPod was made" "Do not use it. Try another mirror, or a newer AgentPod."
  fi
  mv "$file.part" "$file"
}
