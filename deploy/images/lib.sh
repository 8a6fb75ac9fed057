# shellcheck shell=bash
# Shared by the image recipes; sourced, not run. Quiet when all is well, loud when not.

# Root file systems are laid out here: /tmp may be in memory (Debian 13: always), and allow no devices in it.
export TMPDIR=${TMPDIR:-/var/tmp}
# Gone at the end, together with whatever a recipe removes in its own `clean_up`.
work=$(mktemp -d)
clean_up() { :; }
trap 'clean_up; rm -rf "$work"' EXIT
log=$work/log
: >"$log"
if [ "$(id -u)" = 0 ]; then
  cache=${AGENTPOD_CACHE_DIR:-/var/cache/agentpod}
else
  cache=${AGENTPOD_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/agentpod}
fi

say() { printf '%s\n' "$*"; }
step() { printf '==> %s\n' "$*"; }

# Runs a command without its output, keeping it for `fail`.
quietly() { "$@" >"$log" 2>&1; }

# fail <what happened> <what to do>
fail() {
  {
    printf '\nFAILED: %s\n' "$1"
    if [ -s "$log" ]; then
      printf -- '--- the last lines said:\n'
      tail -n 25 "$log"
      printf -- '---\n'
    fi
    printf 'What to do: %s\n' "$2"
  } >&2
  exit 1
}

need_docker() {
  quietly docker version --format '{{.Server.Version}}' ||
    fail "the container engine does not answer" "Start Docker (systemctl start docker), or run this as a user who may use it."
}

# skip_when_present <tag> <maybe --force>
skip_when_present() {
  [ "$2" = --force ] && return
  if docker image inspect "$1" >/dev/null 2>&1; then
    say "==> $1 is there already (--force builds it again)"
    exit 0
  fi
}

install_packages() {
  [ "$(id -u)" = 0 ] || fail "$* is missing" "Install it (apt-get install $*), or run this as root."
  step "install $*"
  quietly apt-get update || true # an unreachable extra source does not matter when the packages are had
  quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" ||
    fail "apt could not install $*" "Repair apt on this machine (apt-get update), then run this again."
}

# node_binary <version> <destination>: the bare runtime out of the npm package of its platform.
node_binary() {
  local version=$1 target=$2 arch package file
  case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) fail "there is no Node.js package for $(uname -m)" "Use an x86-64 or arm64 machine." ;;
  esac
  package=node-linux-$arch
  file=$cache/$package-$version.tgz
  if [ ! -s "$file" ]; then
    mkdir -p "$cache"
    step "Node.js $version from npm"
    (cd "$cache" && quietly npm pack --silent "$package@$version") ||
      fail "npm could not fetch $package@$version" "Check that the npm registry is reachable: npm ping."
  fi
  mkdir -p "$(dirname "$target")"
  tar -xzOf "$file" package/bin/node >"$target" || fail "$file is broken" "Remove it and run this again."
  chmod 0755 "$target"
}

need_npm() {
  command -v npm >/dev/null || fail "npm is missing" "Install it (apt-get install npm), then run this again."
}
