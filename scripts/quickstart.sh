#!/usr/bin/env bash
# From a fresh Debian or Ubuntu to a running control plane and a first agent that answers. Safe to repeat.
set -euo pipefail
called_from=$PWD
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/common.sh
. scripts/lib/common.sh
# shellcheck source=scripts/lib/docker.sh
. scripts/lib/docker.sh
# shellcheck source=scripts/lib/node.sh
. scripts/lib/node.sh

usage() {
  cat <<'TEXT'
Usage: scripts/quickstart.sh [options]

  --data-dir DIR         where everything is kept (default /var/lib/agentpod)
  --http-port PORT       for browsers (default 80)
  --https-port PORT      for browsers in domain mode (default 443)
  --mode local|domain    local: http://NAME.localhost (default); domain: https with certificates
  --base-domain DOMAIN   agents are its sub-domains: agents.example.com
  --email ADDRESS        for the certificate authority
  --memory-plan PLAN     of the demo agent: small (1 GB) or standard (2 GB); default by what this machine has
  --no-demo              control plane only, no first agent
TEXT
}

data_dir=${AGENTPOD_DATA_DIR:-/var/lib/agentpod}
http_port=
https_port=
mode=
base_domain=
email=
plan=
demo=yes
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --no-demo) demo=; shift; continue ;;
    --data-dir | --http-port | --https-port | --mode | --base-domain | --email | --memory-plan) ;;
    *) usage >&2; fail "there is no option $1" "Use one of the options above." ;;
  esac
  [ -n "${2:-}" ] || fail "$1 needs a value" "For example: $1 ... (see --help)"
  case $1 in
    --data-dir) data_dir=$2 ;;
    --http-port) http_port=$2 ;;
    --https-port) https_port=$2 ;;
    --mode) mode=$2 ;;
    --base-domain) base_domain=$2 ;;
    --email) email=$2 ;;
    --memory-plan) plan=$2 ;;
  esac
  shift 2
done

case $data_dir in /*) ;; *) data_dir=$called_from/$data_dir ;; esac

check_machine() {
  local memory_mb free_mb place
  step "this machine"
  [ "$(uname -s)" = Linux ] || fail "this is $(uname -s)" "Run it on a Linux server; connect to it from here with the command agentpod."
  case $(uname -m) in
    x86_64 | aarch64) ;;
    *) fail "there are no packages for $(uname -m)" "Use an x86-64 or arm64 machine." ;;
  esac
  [ "$(id -u)" = 0 ] || fail "this needs root: it installs packages and starts containers" "sudo $0"
  command -v apt-get >/dev/null || fail "this is neither Debian nor Ubuntu" "Install Docker and Node.js 24.15 or newer, then: docker compose -f deploy/compose.yaml up -d"
  memory_mb=$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024))
  [ "$memory_mb" -ge 900 ] || fail "this machine has $memory_mb MB of memory" "The control plane and one small agent need 1.5 GB."
  if [ -n "$demo" ] && [ "$memory_mb" -lt 1500 ]; then
    fail "this machine has $memory_mb MB of memory, too little for an agent beside the control plane" "Use a larger machine, or --no-demo."
  fi
  if [ -z "$plan" ]; then
    plan=standard
    [ "$memory_mb" -ge 3500 ] || plan=small
  fi
  place=$data_dir
  while [ ! -d "$place" ]; do place=$(dirname "$place"); done
  free_mb=$(($(df -Pk "$place" | awk 'NR == 2 { print $4 }') / 1024))
  [ "$free_mb" -ge 3000 ] || fail "$place has $free_mb MB left" "Images and a first agent need 3 GB: make room, or use --data-dir."
  say "$memory_mb MB of memory, $((free_mb / 1024)) GB free in $place"
}

# Said now rather than after the minutes that the images take.
check_ports() {
  local port wanted=("${http_port:-80}")
  # What was set up before keeps its ports, and agentpod up looks at them again.
  [ ! -f "$data_dir/up.json" ] || [ -n "$http_port$https_port" ] || return 0
  if [ "$mode" = domain ] || [ -n "$base_domain" ]; then wanted+=("${https_port:-443}"); fi
  need_packages iproute2
  for port in "${wanted[@]}"; do
    holder=$(ss -Hltnp "sport = :$port" | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 (pid \2)/p' | head -n 1)
    case $holder in
      '') [ -z "$(ss -Hltn "sport = :$port")" ] || fail "port $port is taken" "Stop what holds it, or choose another port: --http-port 8080" ;;
      traefik*) say "port $port: held by Traefik" ;;
      *) fail "port $port is taken by $holder" "Stop it, or choose another port: --http-port 8080" ;;
    esac
  done
}

# The agent's image: upstream's where its registry answers, else built from npm packages.
openclaw_image() {
  local manifest=agent-types/openclaw.yaml version registry local_tag
  version=$(sed -n '/^versions:/,/^[a-z]/s/^ *default: *["'\'']\{0,1\}\([^"'\'' ]*\).*/\1/p' $manifest | head -n 1)
  registry=$(sed -n '/^image:/,/^[a-z]/s/^ *registry: *["'\'']\{0,1\}\([^"'\'' $:]*\).*/\1/p' $manifest | head -n 1)
  local_tag=agentpod/openclaw:$version
  if docker image inspect "$local_tag" >"$log" 2>&1; then
    step "$local_tag is there already"
    return
  fi
  if [ -n "$registry" ] && registry_answers "${registry%%/*}"; then
    step "$registry:$version from its registry (some minutes)"
    if quietly timeout 900 docker pull "$registry:$version"; then return; fi
    say "the registry did not give it: building it from npm packages"
  fi
  deploy/images/openclaw/build.sh "$version"
}

# Under its own name on this machine, unless something else has that name.
install_command() {
  local command=/usr/local/bin/agentpod
  if [ -e "$command" ] && ! grep -q 'made by quickstart.sh' "$command"; then
    say "$command is something else; use $PWD/apps/cli/dist/agentpod.js"
    return
  fi
  cat >"$command" <<TEXT
#!/bin/sh
# made by quickstart.sh
AGENTPOD_DATA_DIR=\${AGENTPOD_DATA_DIR:-$data_dir}
export AGENTPOD_DATA_DIR
exec "$PWD/node_modules/.bin/node" "$PWD/apps/cli/dist/agentpod.js" "\$@"
TEXT
  chmod 0755 "$command"
}

agentpod() { AGENTPOD_DATA_DIR=$data_dir node_modules/.bin/node apps/cli/dist/agentpod.js "$@"; }
field() { node_modules/.bin/node -e 'const v = JSON.parse(require("fs").readFileSync(0, "utf8"))[process.argv[1]]; if (v) console.log(v)' "$1"; }

first_agent() {
  if agentpod status demo -o json >"$log" 2>&1; then
    step "first agent: demo is there already"
    agentpod start demo --wait >"$log" || fail "the agent demo does not become ready" "See: agentpod status demo; agentpod logs demo"
  else
    step "first agent: demo (plan $plan, with the built-in demo model)"
    agentpod create demo --plan "$plan" --wait --timeout 600 >"$log" ||
      fail "the agent demo does not become ready" "See: agentpod status demo; agentpod logs demo; agentpod doctor. Then run this again."
  fi
  step "does it answer?"
  say "agentpod chat demo ping"
  reply=$(agentpod chat demo ping) || fail "the agent demo does not answer" "See: agentpod status demo; agentpod logs demo"
  say "$reply"
}

check_machine
check_ports
need_packages ca-certificates curl
ensure_docker
# For the images, which need it even where the project's packages are there.
ensure_npm
ensure_node_modules
step "command line"
quietly node_modules/.bin/node scripts/build.ts cli || fail "the command line could not be built" "If you changed the code: npm run check. Else run this again."
install_command

deploy/images/agentpod/build.sh
deploy/images/traefik/build.sh
[ -z "$demo" ] || openclaw_image

step "control plane"
up=(up --yes --data-dir "$data_dir")
[ -z "$http_port" ] || up+=(--http-port "$http_port")
[ -z "$https_port" ] || up+=(--https-port "$https_port")
[ -z "$mode" ] || up+=(--mode "$mode")
[ -z "$base_domain" ] || up+=(--base-domain "$base_domain")
[ -z "$email" ] || up+=(--email "$email")
# What failed and what to do about it, the command says itself.
summary=$(agentpod "${up[@]}") || exit 1
console=$(grep -o 'https\{0,1\}://[^ ]*' <<<"$summary" | head -n 1)
[ -z "$demo" ] || first_agent

printf '\nAgentPod runs.\n\n'
# Console and, as long as there is no account, the link that makes the first one (another one: agentpod setup-link).
while read -r line; do printf '  %s\n' "$line"; done <<<"$summary"
if [ -n "$demo" ]; then
  printf '  First agent  %s\n' "$(agentpod status demo -o json | field url)"
  printf '\nThe agent "demo" gives canned replies: it has no model key yet. For real ones:\n'
  printf '  agentpod model set demo qwen/qwen3-max --key-file ./qwen.key\n'
fi
printf '\nNext:\n  agentpod create acme --wait\n  agentpod list\n  agentpod doctor\n'
case $console in
  http://*.localhost*)
    if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
      port=${console##*:}
      case $port in *[!0-9]*) port=80 ;; esac
      # Not the first that the machine has: the engine's bridges come before it.
      address=$(ip -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p') || true
      printf '\nThese addresses work on this machine only. From your own computer, keep this running and open them there:\n'
      printf '  ssh -N -L %s:127.0.0.1:%s root@%s\n' "$port" "$port" "${address:-THIS-MACHINE}"
      [ "$port" -ge 1024 ] || printf '  (a port below 1024 needs sudo on your computer; or run this again with --http-port 8080)\n'
    fi
    ;;
esac
if [ -n "$engine_needs_hand" ] || [ ! -d /run/systemd/system ]; then
  printf '\nThis machine has no systemd: after a reboot start the engine yourself, and everything else comes back by itself:\n'
  printf '  setsid dockerd >%s 2>&1 </dev/null &\n' "$dockerd_log"
fi
