#!/usr/bin/env bash
# Installs aed as a service of this machine, upgrades it, takes it away again.
# `make install` and `make uninstall` call it. Usage: setup.sh install|uninstall
#
#   DESTDIR=DIR  stage into DIR instead: nothing is checked, enabled or started there, and the
#                Python that builds must be at the same place on the machine that will run it
#   PYTHON=PATH  the Python to use; else Debian's, else the first of at least 3.11 on PATH
#   PURGE=1      uninstall forgets settings, password, outbox and taught sounds as well
set -euo pipefail
umask 022 # the service's user must be able to read what root writes

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SOURCE=$(dirname "$HERE")
STAGE=${DESTDIR:+$(realpath -m -- "$DESTDIR")}
STAGE=${STAGE%/} # DESTDIR=/ is this machine

# Where things are on the machine that runs aed.
HOME_FOLDER=/opt/aed
VENV=$HOME_FOLDER/venv
LINK=/usr/local/bin/aed
UNIT=/etc/systemd/system/aed.service
WANTED=/etc/systemd/system/multi-user.target.wants/aed.service
SETTINGS=/etc/aed/settings.yaml
PASSWORD=/etc/aed/mqtt-password

say() { echo "aed: $*"; }

fail() {
  echo "aed: $*" >&2
  exit 1
}

is_booted() { [ -z "$STAGE" ] && [ -d /run/systemd/system ]; }

need_root() {
  [ -n "$STAGE" ] || [ "$(id -u)" = 0 ] ||
    fail "this changes /opt and /etc, for which one must be root: sudo make $1"
}

# The version of a Python, as 3.11.2; nothing if there is none.
version_of() { "$1" -c 'import platform; print(platform.python_version())' 2>/dev/null; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# Sets `python`, or says why none will do.
find_python() {
  local candidate version base
  python=${PYTHON:-}
  if [ -z "$python" ]; then
    for candidate in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do
      if is_new_enough "$candidate"; then
        python=$candidate
        break
      fi
    done
  fi
  if [ -z "$python" ]; then
    version=$(version_of python3 || echo none)
    fail "it needs Python 3.11 or newer, and found $version; install one, or name one: make install PYTHON=/path/to/python3"
  fi
  version=$(version_of "$python") || fail "PYTHON=$python is no Python that runs"
  is_new_enough "$python" ||
    fail "it needs Python 3.11 or newer, and PYTHON=$python is $version; name a newer one"
  base=$("$python" -c 'import sys; print(sys.base_prefix)')
  case $base/ in
  /home/* | /root/* | /run/user/* | /tmp/* | /var/tmp/*)
    fail "$python lives in $base, where the service may not look; name another: make install PYTHON=/usr/bin/python3"
    ;;
  esac
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python cannot make virtual environments; on Debian: sudo apt-get install python3-venv"
}

# Builds a virtual environment in $fresh that works once it is moved to $VENV.
build_venv() {
  local file text
  rm -rf "$fresh"
  mkdir -p "$(dirname "$fresh")"
  say "installing into $STAGE$VENV with Python $(version_of "$python")"
  "$python" -m venv "$fresh"
  "$fresh/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-compile "${SOURCE}[web]"
  while IFS= read -r file; do
    text=$(<"$file")
    printf '%s\n' "${text//"$fresh"/"$VENV"}" >"$file"
  done < <(grep -rlIF -- "$fresh" "$fresh/bin" "$fresh/pyvenv.cfg")
  # The service may not write there. A file that does not compile is no module that is imported.
  "$fresh/bin/python" -I -m compileall -q -s "$fresh" -p "$VENV" "$fresh/lib" >/dev/null || true
}

# Whether the new program can work with the settings there are; prints every fault.
fits_settings() {
  local credentials name code=0
  credentials=$(mktemp -d)
  for name in mqtt-password web-password; do
    echo >"$credentials/$name" # what the unit gives when no password was set
  done
  CREDENTIALS_DIRECTORY=$credentials "$fresh/bin/python" -I -m aed check --offline --config "$SETTINGS" \
    >/dev/null || code=$?
  rm -rf "$credentials"
  return "$code"
}

service_state() { systemctl show --property=ActiveState --value aed.service; }

install_files() {
  rm -rf "$STAGE$VENV.old"
  sync -f "$fresh" # a power cut must find one whole environment or the other
  [ ! -e "$STAGE$VENV" ] || mv "$STAGE$VENV" "$STAGE$VENV.old"
  mv "$fresh" "$STAGE$VENV"
  install -m 644 "$SOURCE/README.md" "$STAGE$HOME_FOLDER/README.md"
  install -D -m 644 "$HERE/aed.service" "$STAGE$UNIT"
  if [ ! -e "$STAGE$LINK" ] || [ -L "$STAGE$LINK" ]; then
    mkdir -p "$(dirname "$STAGE$LINK")"
    ln -sfn "$VENV/bin/aed" "$STAGE$LINK"
  else
    say "left $LINK alone, which is a file of somebody else; the command is $VENV/bin/aed"
  fi
  # Settings are read by the service's own user; the password by systemd alone, who hands it on.
  install -d -m 755 "$STAGE$(dirname "$SETTINGS")"
  if [ ! -e "$STAGE$SETTINGS" ]; then
    install -m 644 "$HERE/settings.example.yaml" "$STAGE$SETTINGS"
  fi
  if [ -e "$STAGE$PASSWORD" ]; then
    [ "$(id -u)" != 0 ] || chown root:root "$STAGE$PASSWORD"
    chmod 600 "$STAGE$PASSWORD"
  fi
}

# Lets systemd know, and leaves the service as it was: running, or not.
tell_systemd() {
  systemctl daemon-reload
  if [ "$fits" = no ]; then
    say "installed, but $SETTINGS cannot work as it is: put it right, then: sudo systemctl enable --now aed"
  elif [ "$state" != inactive ]; then
    say "restarting the service"
    systemctl restart aed.service ||
      fail "the new version does not start; see: journalctl -u aed"
    say "upgraded; it runs"
  elif [ "$had_settings" = yes ] && [ "$had_unit" = no ]; then
    systemctl enable --quiet --now aed.service ||
      fail "it does not start; see: journalctl -u aed"
    say "installed, enabled and started with the settings that were there: $SETTINGS"
  elif [ "$had_settings" = yes ]; then
    say "upgraded; the service was not running and is not now: sudo systemctl enable --now aed"
  else
    say "installed. Next: put your broker and microphone into $SETTINGS (aed devices lists them),"
    say "look whether it can work: sudo aed check --config $SETTINGS,"
    say "start it, now and whenever this machine starts: sudo systemctl enable --now aed"
  fi
}

install_aed() {
  need_root install
  find_python
  fresh=$STAGE$VENV.new had_settings=no had_unit=no state=inactive fits=yes
  trap 'rm -rf "$fresh"' EXIT
  build_venv
  [ ! -e "$STAGE$SETTINGS" ] || had_settings=yes
  [ ! -e "$STAGE$UNIT" ] || had_unit=yes
  ! is_booted || state=$(service_state)
  if [ -z "$STAGE" ] && [ $had_settings = yes ] && ! fits_settings; then
    fits=no
    [ "$state" = inactive ] || [ "$state" = failed ] ||
      fail "the new version cannot use $SETTINGS, so the old one goes on running and nothing was changed"
  fi
  install_files
  if is_booted; then
    tell_systemd
  elif [ -n "$STAGE" ]; then
    say "staged; to have it start there: systemctl --root=$STAGE enable aed"
  else
    say "installed; systemd does not run here: systemctl enable aed once it does"
  fi
  rm -rf "$STAGE$VENV.old"
  [ -n "$STAGE" ] || ldconfig -p | grep -q 'libportaudio\.so\.2' ||
    say "microphones need PortAudio, which is not here: sudo apt-get install libportaudio2"
}

uninstall_aed() {
  need_root uninstall
  if is_booted && [ -e "$UNIT" ]; then
    systemctl disable --quiet --now aed.service
  fi
  rm -f "$STAGE$UNIT" "$STAGE$WANTED"
  if is_booted; then
    systemctl daemon-reload
    systemctl reset-failed aed.service 2>/dev/null || true # it was not loaded: nothing to forget
  fi
  [ "$(readlink "$STAGE$LINK" || true)" != "$VENV/bin/aed" ] || rm "$STAGE$LINK"
  rm -rf "$STAGE$VENV" "$STAGE$VENV.new" "$STAGE$VENV.old"
  rm -f "$STAGE$HOME_FOLDER/README.md"
  rmdir --ignore-fail-on-non-empty "$STAGE$HOME_FOLDER" 2>/dev/null || true # was never there
  if [ "${PURGE:-}" = 1 ]; then
    rm -rf "$STAGE$UNIT.d" "$STAGE/etc/aed" "$STAGE/var/lib/aed" "$STAGE/var/lib/private/aed"
    say "gone, with settings, password, outbox and taught sounds"
  else
    say "gone; settings in /etc/aed and what it keeps in /var/lib/aed stay (PURGE=1 removes them)"
  fi
}

case ${1:-} in
install) install_aed ;;
uninstall) uninstall_aed ;;
*) fail "usage: setup.sh install|uninstall" ;;
esac
