#!/usr/bin/env bash
# Prints the path of the pinned Traefik binary, fetched when it is not there yet.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/lib/traefik.sh
. "$(dirname "$0")/traefik.sh"
traefik_binary
