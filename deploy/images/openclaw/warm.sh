#!/usr/bin/env bash
# Boots a fresh OpenClaw image once and keeps the compiled code it leaves behind, so that agents boot faster.
#
#   deploy/images/openclaw/warm.sh <image> <tag of the result>
set -euo pipefail
# shellcheck source=deploy/images/lib.sh
. "$(dirname "$0")/../lib.sh"

image=$1
result=$2
name=agentpod-warm-$$
clean_up() { docker rm -f "$name" >/dev/null 2>&1 || true; }

# A token only to be allowed to boot: nobody connects, and the container has no network.
config='{ "gateway": { "mode": "local", "bind": "loopback", "auth": { "mode": "token" } }, "update": { "checkOnStart": false } }'
probe='fetch("http://127.0.0.1:18789/startupz").then((r) => r.json()).then((b) => process.exit(b.status === "started" ? 0 : 1), () => process.exit(1))'

# The variables are those of the shell inside.
# shellcheck disable=SC2016
quietly docker run --detach --name "$name" --network none --env OPENCLAW_GATEWAY_TOKEN=nobody-connects \
  --env OPENCLAW_OFFLINE=1 --env OPENCLAW_NO_AUTO_UPDATE=1 --env DO_NOT_TRACK=1 --env "WARM_CONFIG=$config" "$image" \
  sh -c 'printf %s "$WARM_CONFIG" > "$HOME/.openclaw/openclaw.json"; exec node openclaw.mjs gateway --bind loopback --port 18789' ||
  fail "the new image does not start" "Build it again with --force."

for _ in $(seq 1 300); do
  docker exec "$name" node -e "$probe" >/dev/null 2>&1 && break
  docker logs "$name" >"$log" 2>&1
  [ "$(docker inspect --format '{{.State.Running}}' "$name")" = true ] || fail "OpenClaw stopped during its first boot" "Try another version."
  sleep 1
done
docker exec "$name" node -e "$probe" >/dev/null 2>&1 || fail "OpenClaw did not boot within 5 minutes" "Try again when the machine is less busy."

# Node writes what it compiled when it ends, so the end must be a clean one.
quietly docker stop --time 90 "$name"
mkdir -p "$work/image/compile"
quietly docker cp "$name:/var/cache/openclaw/compile/." "$work/image/compile" || fail "the caches are missing" "Build it again with --force."
printf 'FROM %s\nCOPY --chown=1000:1000 compile/ /var/cache/openclaw/compile/\n' "$image" >"$work/image/Dockerfile"
quietly docker build --tag "$result" "$work/image" || fail "the engine could not add the caches" "Is there disk space left?"
