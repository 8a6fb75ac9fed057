#!/usr/bin/env bash
# Everything that goes into the AgentPod image, as a folder: Node.js, the two bundled servers, dashboard, agent types.
#
#   deploy/images/agentpod/bundle.sh <folder>
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/lib/common.sh
. "$here/../../../scripts/lib/common.sh"
# shellcheck source=scripts/lib/node.sh
. "$here/../../../scripts/lib/node.sh"

out=${1:?say which folder to fill}
ensure_node_modules

step "bundle server, gateway and dashboard"
cd "$repository"
quietly node_modules/.bin/node scripts/build.ts server gateway dashboard ||
  fail "the bundle could not be built" "If you changed the code: npm run check. Else run this again."
mkdir -p "$out"
cp -rL node_modules/.bin/node dist/server dist/gateway agent-types "$out"
cp -r apps/dashboard/dist "$out/dashboard"
cp "$here/agentpod" "$out/agentpod"
echo '{ "type": "module" }' >"$out/package.json"
