#!/bin/sh
# Installs @title@ @version@. No root is needed, and nothing is there before it is checked.
# Afterwards `transcriber --help` tells what it can do; docs: @address@/
#
# Exit codes: 0 done, 2 a wrong option, 3 nothing to uninstall, 5 it cannot be fetched,
# 7 a file cannot be written, 8 a tool is lacking or the program does not start,
# 12 it is not what was published, 20 this system cannot run it, 129, 130, 143 interrupted.
set -u
umask 022

name='@name@'
version='@version@'
address='@address@'
# What minisign -G has written to its .pub file; several, when the key is being changed.
keys='@keys@'

say() { printf '%s\n' "$*"; }

fail() {
  code=$1
  shift
  printf 'install.sh: %s\n' "$*" >&2
  exit "$code"
}

usage() {
  cat <<'END'
usage: sh install.sh [--prefix DIR] [--edition @names@] [--uninstall] [--help]

  --prefix DIR    where bin and share are (~/.local)
  --edition NAME  @names@: which program (@default@)
  --uninstall     remove what was installed there; models and settings stay
END
}

choose() {
  case $1 in
@editions@
    *) fail 2 "there is no edition $1: take one of @names@" ;;
  esac
}

work='' made='' child=''

clean() {
  [ -z "$child" ] || kill "$child" 2>/dev/null
  [ -z "$work" ] || rm -rf "$work"
  # Only where it is empty: then it was made for nothing.
  [ -z "$made" ] || rmdir "$made" 2>/dev/null
}

# A shell hears a signal when what it waits for ends, unless that is in the background.
patiently() {
  "$@" </dev/null &
  child=$!
  wait "$child"
  code=$?
  child=''
  return "$code"
}

check_system() {
  [ "$(uname -s)" = Linux ] || fail 20 "the program is for Linux, and this is $(uname -s)"
  case $(uname -m) in
    x86_64 | amd64) ;;
    *) fail 20 "the program is for x86_64, and this is $(uname -m)" ;;
  esac
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null)
  case $libc in
    'glibc '*) libc=${libc#glibc } ;;
    *) fail 20 "the program needs glibc 2.31 or newer, and this system has another C library" ;;
  esac
  minor=${libc#*.}
  minor=${minor%%[!0-9]*}
  if [ "${libc%%.*}" -eq 2 ] && [ "${minor:-0}" -lt 31 ]; then
    fail 20 "the program needs glibc 2.31 or newer, and this is $libc"
  fi
}

fetch() {
  scheme=${address%%:*}
  if command -v curl >/dev/null; then
    set -- "$address/$1" "$2" "=$scheme,https"
    patiently curl --fail --silent --show-error --location --proto "$3" --proto-redir "$3" \
      --retry 2 --output "$2" "$1"
  elif command -v wget >/dev/null; then
    tries=''
    # That of BusyBox tries once, and has no option for it.
    if wget --version >/dev/null 2>&1; then tries=--tries=2; fi
    patiently wget -q ${tries:+"$tries"} -O "$2" "$address/$1"
  else
    fail 8 'neither curl nor wget is here: install one of them'
  fi || fail 5 "cannot fetch $address/$1: check the network, then give the same command again"
}

digest() {
  if command -v sha256sum >/dev/null; then
    sha256sum <"$1"
  else
    openssl dgst -sha256 -r <"$1"
  fi | cut -d ' ' -f 1
}

# Prints the trusted comment of the list's signature, if KEY made it.
comment_by() {
  if command -v minisign >/dev/null; then
    minisign -V -Q -P "$1" -m "$work/SHA256SUMS" -x "$work/SHA256SUMS.minisig" 2>/dev/null
  else
    by_openssl "$1"
  fi
}

by_openssl() (
  cd "$work" || exit
  # Before the key, an Ed25519 key's structure says that it is one.
  printf '\060\052\060\005\006\003\053\145\160\003\041\000' >key
  printf '%s' "$1" | openssl base64 -d -A | tail -c 32 >>key
  sed -n 2p SHA256SUMS.minisig | openssl base64 -d -A >first
  [ "$(head -c 2 first)" = ED ] || exit
  tail -c 64 first >of_list
  openssl dgst -blake2b512 -binary SHA256SUMS >list
  comment=$(sed -n '3s/^trusted comment: //p' SHA256SUMS.minisig)
  { cat of_list && printf '%s' "$comment"; } >text
  sed -n 4p SHA256SUMS.minisig | openssl base64 -d -A >of_text
  is_signed list of_list && is_signed text of_text && printf '%s\n' "$comment"
)

is_signed() {
  openssl pkeyutl -verify -pubin -inkey key -keyform DER -rawin -in "$1" -sigfile "$2" \
    >/dev/null 2>&1
}

has_openssl() {
  case $(openssl version 2>/dev/null) in
    'OpenSSL '[3-9]* | 'OpenSSL '[1-9][0-9]*) ;;
    *) return 1 ;;
  esac
}

check_signature() {
  by_digest='the program is checked by the digest in this script alone'
  if [ -z "$keys" ]; then
    say "This release is not signed: $by_digest."
    return
  fi
  if ! command -v minisign >/dev/null && ! has_openssl; then
    say "Neither minisign nor OpenSSL 3 is here to check the signature: $by_digest."
    return
  fi
  fetch SHA256SUMS "$work/SHA256SUMS"
  fetch SHA256SUMS.minisig "$work/SHA256SUMS.minisig"
  comment=''
  for key in $keys; do
    comment=$(comment_by "$key") && [ -n "$comment" ] && break
    comment=''
  done
  [ -n "$comment" ] || fail 12 "SHA256SUMS is not what the publisher signed: install nothing from $address"
  [ "$comment" = "$name $version" ] ||
    fail 12 "the signature is of $comment, and this script is of $version: fetch install.sh again"
  grep -q -x -F "$sha256  $file" "$work/SHA256SUMS" ||
    fail 12 "SHA256SUMS has another $file than this script: fetch install.sh again"
}

check_writable() {
  folder=$prefix/$1
  until [ -e "$folder" ]; do
    folder=${folder%/*}
    folder=${folder:-/}
  done
  if [ ! -d "$folder" ] || [ ! -w "$folder" ]; then
    fail 7 "cannot write to $folder: choose another folder with --prefix"
  fi
}

folders='bin share/man/man1 share/bash-completion/completions share/zsh/site-functions
share/fish/vendor_completions.d share/applications share/icons/hicolor/scalable/apps share/@name@'

texts='share/man/man1/transcriber.1 share/bash-completion/completions/transcriber
share/zsh/site-functions/_transcriber share/fish/vendor_completions.d/transcriber.fish
share/applications/@name@.desktop share/icons/hicolor/scalable/apps/@name@.svg
share/@name@/installed'

# The program by its path, as the key Exec of a desktop entry has it.
desktop_word() {
  # shellcheck disable=SC2016
  printf '"%s"' "$(printf '%s' "$1" | sed -e 's/[\\"`$]/\\&/g' -e 's/\\/\\\\/g' -e 's/%/%%/g')"
}

# Write the texts to $work, in the places that they get below the prefix.
write_texts() {
  for folder in $folders; do mkdir -p "$work/$folder" || return; done
  "$1" man >"$work/share/man/man1/transcriber.1" &&
    "$1" completion bash >"$work/share/bash-completion/completions/transcriber" &&
    "$1" completion zsh >"$work/share/zsh/site-functions/_transcriber" &&
    "$1" completion fish >"$work/share/fish/vendor_completions.d/transcriber.fish" &&
    (cd "$work" && "$1" --appimage-extract "usr/share/*" >/dev/null) || return
  inside=$work/squashfs-root/usr/share
  place=share/icons/hicolor/scalable/apps/$name.svg
  cp "$inside/${place#share/}" "$work/$place" || return
  while IFS= read -r line; do
    case $line in
      'Exec=transcriber '*) line="Exec=$(desktop_word "$target") ${line#* }" ;;
    esac
    printf '%s\n' "$line"
  done <"$inside/applications/$name.desktop" >"$work/share/applications/$name.desktop" &&
    printf '%s %s by install.sh\n' "$name" "$version" >"$work/share/$name/installed"
}

install_program() {
  check_system
  for folder in $folders; do check_writable "$folder"; done
  [ ! -d "$target" ] || fail 7 "$target is a folder: choose another folder with --prefix"
  command -v sha256sum >/dev/null || command -v openssl >/dev/null ||
    fail 8 'neither sha256sum nor openssl is here: install one of them'
  if [ -f "$target" ] && [ "$(digest "$target")" = "$sha256" ] &&
    [ -f "$prefix/share/$name/installed" ]; then
    say "$target is $version already."
    return
  fi
  [ -e "$prefix" ] || made=$prefix
  mkdir -p "$prefix" 2>/dev/null || fail 7 "cannot make $prefix: choose another folder with --prefix"
  # In the same file system, so that the program is exchanged at once.
  work=$(mktemp -d "$prefix/.transcriber-XXXXXX" 2>/dev/null) ||
    fail 7 "cannot write to $prefix: choose another folder with --prefix"
  check_signature
  say "Fetching $file ($size)."
  fetch "$file" "$work/program"
  [ "$(digest "$work/program")" = "$sha256" ] ||
    fail 12 "what came from $address/$file is not what was published: try again, or ask the publisher"
  chmod 755 "$work/program"
  said=$("$work/program" --version 2>&1 </dev/null)
  [ "$said" = "transcriber $version" ] ||
    fail 8 "the program does not start in $prefix: $(printf '%s' "$said" | tail -n 1)"
  write_texts "$work/program" || fail 7 "cannot write to $prefix: make room, or choose another folder"
  # From here on it takes a moment, and is done whole.
  trap '' HUP INT TERM
  for folder in $folders; do
    mkdir -p "$prefix/$folder" || fail 7 "cannot make $prefix/$folder"
  done
  for text in $texts; do
    mv -f "$work/$text" "$prefix/$text" || fail 7 "cannot write $prefix/$text"
  done
  if [ -e "$target" ]; then
    ln -f "$target" "$target.previous" 2>/dev/null || cp -p "$target" "$target.previous" ||
      fail 7 "cannot keep $target as $target.previous"
  fi
  mv -f "$work/program" "$target" || fail 7 "cannot write $target"
  made=''
  ! command -v update-desktop-database >/dev/null ||
    update-desktop-database -q "$prefix/share/applications" 2>/dev/null
  say "Installed $target, version $version."
  case :$PATH: in
    *":$prefix/bin:"*) ;;
    *) say "$prefix/bin is not in your PATH: add it there, or type the whole path." ;;
  esac
}

uninstall() {
  [ -f "$prefix/share/$name/installed" ] || fail 3 "nothing was installed in $prefix by install.sh"
  # The note that it was installed goes last: what fails can be repeated.
  for text in bin/transcriber bin/transcriber.previous $texts; do
    rm -f "$prefix/$text" || fail 7 "cannot remove $prefix/$text"
  done
  rmdir "$prefix/share/$name" 2>/dev/null
  say "Removed $target. Models and settings stay: ~/.cache/whisper, ~/.config/$name."
}

main() {
  prefix=${HOME:-}${HOME:+/.local}
  edition=@default@
  action=install_program
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h)
        usage
        return
        ;;
      --uninstall) action=uninstall ;;
      --prefix=* | --edition=*)
        option=${1%%=*}
        value=${1#*=}
        shift
        set -- "$option" "$value" "$@"
        continue
        ;;
      --prefix | --edition)
        [ -n "${2:-}" ] || fail 2 "$1 needs a value: see --help"
        if [ "$1" = --prefix ]; then prefix=$2; else edition=$2; fi
        shift
        ;;
      *) fail 2 "there is no option $1: see --help" ;;
    esac
    shift
  done
  [ -n "$prefix" ] || fail 2 'there is no home: give a folder with --prefix'
  case $prefix in
    /*) ;;
    *) prefix=$PWD/$prefix ;;
  esac
  prefix=${prefix%/}
  target=$prefix/bin/transcriber
  choose "$edition"
  trap clean EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  "$action"
}

# Last, so that nothing happens when only a part of this text arrives.
main "$@"
