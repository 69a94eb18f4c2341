#!/usr/bin/env bash
# tools/device_mapper.sh [POINTS]: cuts the power of a real ext4 disk, and lets one fail, by the kernel's device mapper.
#   log-writes  a program commits (tests/power_cut/main.cc) on a disk that records all writes; at POINTS=60 random places of
#               the record the disk is made as it was, mounted, opened: acknowledged commits are there, check() is clean
#   flakey      the disk begins to fail under the program; then it works again, and the same must hold
# Needs root, dmsetup, and a kernel with these targets; where the kernel has none but the Debian package user-mode-linux is
# installed, it runs all of this inside that. SAPWOOD_SEED=<seed> chooses the points of the record.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin
cd "$(dirname "$0")/.."
program=build/dev/power_cut
: "${SAPWOOD_POINTS:=${1:-60}}" "${SAPWOOD_SEED:=$((RANDOM << 15 | RANDOM))}" "${SAPWOOD_IN_UML:=0}"

# Of an image: --check IMAGE COUNT, which tools/replay_writes.py calls with the last acknowledged commit.
if [[ ${1:-} == --check ]]; then
  folder=$(mktemp -d)
  cp --sparse=always "$2" "$folder/image"
  mkdir "$folder/disk"
  mount -o loop "$folder/image" "$folder/disk"
  result=0
  "$program" check "$folder/disk/test.sapwood" "$3" >/dev/null || result=1
  umount "$folder/disk"
  rm -r "$folder"
  exit "$result"
fi

missing() { echo "device_mapper.sh: $1" >&2; exit 2; }

in_user_mode_linux() {
  local log
  log=$(mktemp)
  echo "This kernel has no device mapper: running in user-mode Linux"
  linux.uml mem=2G root=/dev/root rootfstype=hostfs rootflags=/ ro init="$PWD/tools/device_mapper.sh" con=null con0=null,fd:1 quiet \
    SAPWOOD_IN_UML=1 SAPWOOD_POINTS="$SAPWOOD_POINTS" SAPWOOD_SEED="$SAPWOOD_SEED" </dev/null 2>&1 | tee "$log"
  local passed=1
  grep -q '^device_mapper.sh: passed' "$log" && passed=0
  rm -f "$log"
  exit "$passed"
}

# The first process of user-mode Linux: the root is the host's, for reading; what is written is in memory.
begin_user_mode_linux() {
  mount -t proc none /proc
  mount -t sysfs none /sys
  mount -t tmpfs none /run
  export TMPDIR=/run
  local module
  for module in dm-mod dm-bufio dm-flakey dm-log-writes loop; do
    insmod "$(find "/usr/lib/uml/modules/$(uname -r)" -name "$module.ko")"
  done
  trap 'code=$?; clean_up; ((code == 0)) || echo "device_mapper.sh: failed ($code)"; halt -f -p 2>/dev/null' EXIT
}

cleanups=()
clean_up() {
  local i
  for ((i = ${#cleanups[@]} - 1; i >= 0; --i)); do ${cleanups[i]} 2>/dev/null || true; done
  cleanups=()
}
trap clean_up EXIT

if ((SAPWOOD_IN_UML)); then
  begin_user_mode_linux
else
  ((EUID == 0)) || missing "needs root"
  [[ -x $program ]] || missing "needs $program: make build-dev"
  for tool in dmsetup losetup mkfs.ext4 python3; do command -v "$tool" >/dev/null || missing "needs $tool"; done
  modprobe -aq dm-log-writes dm-flakey 2>/dev/null || true
  if ! dmsetup targets 2>/dev/null | grep -q '^log-writes'; then
    command -v linux.uml >/dev/null || missing "this kernel has no device mapper; install user-mode-linux to run it in that"
    in_user_mode_linux
  fi
fi

work=$(mktemp -d)
cleanups+=("rm -rf $work")
name=sapwood-$$
disk=/dev/mapper/$name

loop_device() {  # of a new file of that many bytes; sets `device`
  truncate -s "$1" "$work/$2"
  device=$(losetup -f --show "$work/$2")
  cleanups+=("losetup -d $device")
}
dm() { dmsetup --noudevsync "$@"; }
fail_if() { if (($1)); then echo "device_mapper.sh: $2"; exit 1; fi; }

mkdir "$work/mounted"
loop_device 64M image
image=$device
loop_device 768M record
record=$device
sectors=$(blockdev --getsz "$image")

echo "== log-writes: 300 commits, $SAPWOOD_POINTS points, SAPWOOD_SEED=$SAPWOOD_SEED"
dm create "$name" --table "0 $sectors log-writes $image $record"
cleanups+=("dm remove $name")
dm mknodes
mkfs.ext4 -q "$disk"
dm message "$name" 0 mark 0
mount "$disk" "$work/mounted"
cleanups+=("umount -q $work/mounted")
"$program" write "$work/mounted/test.sapwood" 300 "dmsetup --noudevsync message $name 0 mark" >/dev/null
umount "$work/mounted"
dm remove "$name"
truncate -s 64M "$work/replayed"
python3 tools/replay_writes.py "$record" "$work/replayed" "$SAPWOOD_POINTS" "$SAPWOOD_SEED" "$0" --check

echo "== flakey: the disk fails while commits go on, 5 times"
dm create "$name" --table "0 $sectors linear $image 0"
dm mknodes
mkfs.ext4 -q -F "$disk"
acknowledged=0
for round in 1 2 3 4 5; do
  mount "$disk" "$work/mounted"
  if ((round > 1)); then "$program" check "$work/mounted/test.sapwood" "$acknowledged" >/dev/null; fi
  "$program" write "$work/mounted/test.sapwood" 100000 >"$work/acknowledged" 2>"$work/error" &
  writer=$!
  sleep "0.$((RANDOM % 9))"
  until [[ -s $work/acknowledged ]]; do sleep 0.1; done
  dm suspend --nolockfs "$name"
  dm reload "$name" --table "0 $sectors flakey $image 0 0 3600 1 error_writes"
  dm resume "$name"
  result=0
  wait "$writer" || result=$?
  fail_if "$((result == 0))" "the program ended as if the disk had not failed"
  acknowledged=$(tail -n 1 "$work/acknowledged")
  echo "round $round: $acknowledged commits, then: $(cat "$work/error")"
  umount "$work/mounted"
  dm suspend --nolockfs "$name"
  dm reload "$name" --table "0 $sectors linear $image 0"
  dm resume "$name"
done
mount "$disk" "$work/mounted"
"$program" check "$work/mounted/test.sapwood" "$acknowledged"
umount "$work/mounted"
echo "device_mapper.sh: passed"
