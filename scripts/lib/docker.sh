# shellcheck shell=bash disable=SC2154,SC2034
# The container engine; sourced after common.sh.

docker_answers() { docker version --format '{{.Server.Version}}'; }

# Set when the engine was started by hand and a reboot will not bring it back; read by whoever sourced this.
engine_needs_hand=

# Installs Docker where it is missing and starts it where it does not run, with or without systemd.
ensure_docker() {
  need_packages docker.io
  # The engine suggests it only, but cannot make networks without it.
  command -v iptables >/dev/null || need_packages iptables
  if docker_answers >"$log" 2>&1; then return; fi
  [ "$(id -u)" = 0 ] || fail "the container engine does not answer" "Start Docker, or run this as root or as a member of the group docker."
  step "start the container engine"
  if [ -d /run/systemd/system ]; then
    quietly systemctl enable --now docker || fail "systemd could not start Docker" "See: journalctl -u docker"
  else
    start_dockerd
    engine_needs_hand=yes
  fi
  wait_until 60 docker_answers || {
    [ ! -f "$dockerd_log" ] || tail -n 20 "$dockerd_log" >"$log"
    fail "the container engine did not start within 60 s" "Look at $dockerd_log, or at: journalctl -u docker"
  }
}

dockerd_log=/var/log/agentpod-dockerd.log

# Without systemd: an engine that outlives this shell.
start_dockerd() {
  setsid dockerd >"$dockerd_log" 2>&1 </dev/null &
}

# registry_answers HOST: whether it answers within a few seconds; where none does, images are built from packages.
registry_answers() {
  local host=$1 code
  code=$(curl --silent --output /dev/null --write-out '%{http_code}' --connect-timeout 5 --max-time 8 "https://$host/v2/") || return 1
  # Without a log-in it answers 401, which is an answer.
  [ "$code" = 401 ] || [ "$code" = 200 ]
}
