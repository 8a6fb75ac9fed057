#!/usr/bin/env bash
# The same engine calls that AgentPod makes for one new agent, as a person would type them: what a create is measured
# against. Usage: create-by-shell.sh NAME IMAGE SUBNET GATEWAY ADDRESS
set -euo pipefail
name=$1 image=$2 subnet=$3 gateway=$4 address=$5
files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT
echo '{}' >"$files/agentpod.json"

docker network create --driver bridge --subnet "$subnet" --gateway "$gateway" \
  -o com.docker.network.bridge.enable_icc=false --label "bench=$name" "$name" >/dev/null
for role in state config; do
  docker volume create --label "bench=$name" "$name-$role" >/dev/null
  helper=$(docker create --network none --user 0 --entrypoint /bin/sh --volume "$name-$role:/volume" "$image" \
    -c 'mv -f /volume/.new/* /volume/ 2>/dev/null; rm -rf /volume/.new; chown -R 1000:1000 /volume; chmod 0700 /volume')
  mkdir -p "$files/.new"
  cp "$files/agentpod.json" "$files/.new/"
  docker cp "$files/.new" "$helper:/volume/" >/dev/null
  docker start --attach "$helper" >/dev/null
  docker rm "$helper" >/dev/null
done
docker create --name "$name" --network "$name" --ip "$address" --hostname "$name" --user 1000:1000 --cap-drop ALL \
  --security-opt no-new-privileges --read-only --tmpfs /tmp:rw,size=16m --memory 128m --memory-swap 128m --cpus 0.5 \
  --pids-limit 64 --restart on-failure:3 --log-opt max-size=10m --log-opt max-file=3 --volume "$name-state:/state" \
  --volume "$name-config:/etc/stub-agent:ro" --label "bench=$name" "$image" >/dev/null
docker start "$name" >/dev/null
