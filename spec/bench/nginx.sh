# shellcheck shell=bash
# nginx.sh: the parts of `run` that measure handlers within nginx. Sourced by it.
# shellcheck disable=SC2034,SC2154  # `run` has script, dir, here, root

handlers='' handlers_pid='' worker=''

# Start the nginx of handlers.conf.in; `handlers` is its address. Status 1, and
# why on stderr, if this machine cannot.
start_handlers () {
  local modules port try user='' tls=${HIGHLEVEL_SANDBOX_HTTPS/localhost/127.0.0.1}
  [ -z "$handlers" ] || return 0
  [ -f "$BUILD/luajit/highlevel/core.so" ] || { say "no nginx: there is no module for LuaJIT"; return 1; }
  command -v wrk >/dev/null || { say "no nginx: no wrk (apt-get install wrk)"; return 1; }
  modules=$(nginx -V 2>&1 | tr ' ' '\n' | sed -n 's/^--modules-path=//p')
  [ "$(id -u)" != 0 ] || user='user root;'
  free_port
  rm -f "$dir/handlers.log"
  sed -e "s#@MODULES@#$modules#; s#@DIR@#$dir#; s#@ROOT@#$root#g; s#@PORT@#$port#; s#@USER@#$user#; s#@OWNER@#$$#" \
    -e "s#@CA@#$HIGHLEVEL_SANDBOX_CA#g; s#@HTTP@#$HIGHLEVEL_SANDBOX_HTTP#; s#@HTTPS@#$tls#" \
    -e "s#@BUILD@#$BUILD#; s#@RESTY@#${RESTY:-$root}#" "$here/handlers.conf.in" >"$dir/handlers.conf"
  nginx -p "$dir/" -e "$dir/handlers.log" -c "$dir/handlers.conf" 2>/dev/null &
  handlers_pid=$!
  for ((try = 0; try < 50; try++)); do
    sleep 0.1
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then handlers=127.0.0.1:$port; break; fi
  done
  if [ -z "$handlers" ] || ! kill -0 "$handlers_pid" 2>/dev/null; then
    cat "$dir/handlers.log" >&2
    die "nginx does not start"
  fi
  read -r worker <"/proc/$handlers_pid/task/$handlers_pid/children"
  worker=${worker%% *}
}

# get PATH: what the handler answers
get () {
  exec 4<>"/dev/tcp/${handlers%:*}/${handlers#*:}" || return 1
  printf 'GET /%s HTTP/1.0\r\n\r\n' "$1" >&4
  tail -n 1 <&4
  exec 4>&-
}

# ran PROCESS THREAD..: nanoseconds that these threads of it were on a processor
ran () {
  local process=$1 thread ns sum=0
  shift
  for thread in "$@"; do
    read -r ns _ <"/proc/$process/task/$thread/schedstat"
    sum=$((sum + ns))
  done
  echo "$sum"
}

ran_by_sandbox () {
  local child sum=0
  for child in $(sandbox_processes); do sum=$((sum + $(ran "$child" "$child"))); done
  echo "$sum"
}

# load TABLE ROUND PATH CONNECTIONS SECONDS: a line to `handlers`
load () {
  local table=$1 round=$2 path=$3 at_once=$4 seconds=$5 threads loop all server requests took
  mapfile -t threads < <(ls "/proc/$worker/task")
  loop=$(ran "$worker" "$worker") all=$(ran "$worker" "${threads[@]}") server=$(ran_by_sandbox)
  wrk -t1 -c"$at_once" -d"$seconds" "http://$handlers/$path" >"$dir/line" & # stops by itself
  wait $!
  loop=$(($(ran "$worker" "$worker") - loop)) all=$(($(ran "$worker" "${threads[@]}") - all))
  server=$(($(ran_by_sandbox) - server))
  ! grep -q 'Non-2xx\|Socket errors' "$dir/line" || die "$path failed ($(tr -s ' \n' ' ' <"$dir/line"))"
  read -r requests took < <(sed -n 's/^ *\([0-9]*\) requests in \([0-9.]*\)s,.*/\1 \2/p' "$dir/line")
  printf '%s\t%d\t%s\t%d\t%s\t%d\t%d\t%d\n' "$table" "$round" "${path%/*}" "$requests" "$took" "$loop" "$all" \
    "$server" >>"$dir/handlers"
}

# Requests per second, and the processor's time for each, of each way.
nginx_rate () {
  local round at_once name protocol names=(cosocket highlevel)
  start_handlers || return 0
  sandbox_on "0-$last"
  [ "$(get resty/plain)" != rosan ] || names=(resty "${names[@]}")
  for name in "${names[@]}"; do
    for protocol in plain tls; do
      [ "$(get "$name/$protocol")" = rosan ] || die "$name/$protocol: $(get "$name/$protocol")"
    done
  done
  for ((round = 1; round <= NGINX_ROUNDS; round++)); do
    for at_once in 32 256; do
      for name in "${names[@]}"; do load "plain-$at_once" "$round" "$name/plain" "$at_once" 2; done
      for name in "${names[@]}" http1; do load "tls-$at_once" "$round" "$name/tls" "$at_once" 2; done
    done
  done
}

# trivial: the 99th percentile, in microseconds, of a location that does nothing,
# asked now and then
trivial () {
  script=("$here/probe.lua" "${handlers#*:}" /trivial 3)
  lua "${LUAS%% *}" "${pin[@]}"
}

# keep PROCESSORS PROCESS: its first thread there, which of a worker is the event loop
keep () {
  [ "${pin[0]}" != taskset ] || taskset -cp "$1" "$2" >/dev/null || die "process $2 cannot be moved"
}

# 256 handlers at once, whose upstream takes 200 ms: how long until all are
# answered; and what others notice of them. As if upstream and clients were
# elsewhere: the event loop, and who asks now and then, have the last processor;
# the library's thread goes where it finds room.
nginx_burst () {
  local round name idle loaded seconds good other names=(sleep/ slow-cosocket/plain slow/plain slow/tls slow/http1)
  start_handlers || return 0
  sandbox_on 0
  get slow/plain >/dev/null # or the thread, made by the first update, would stay there too
  keep "$last" "$worker"
  [ "$(get resty/plain)" != rosan ] || names=(sleep/ slow-resty/plain "${names[@]:1}")
  for ((round = 1; round <= NGINX_ROUNDS; round++)); do
    for name in "${names[@]}"; do
      script=("$here/burst.lua" "${handlers#*:}" "/$name" 256)
      measure lua "${LUAS%% *}" env
      read -r seconds good <"$dir/line"
      [ "$good" = 256 ] || die "$name: of 256 at once $good were answered"
      idle=$(trivial)
      wrk -t1 -c256 -d5 "http://$handlers/$name" >"$dir/line" &
      other=$!
      keep 0 "$other"
      sleep 1
      loaded=$(trivial)
      wait "$other"
      printf '%s\t%d\t%s\t%s\t%s\n' "$name" "$round" "$seconds" "$idle" "$loaded" >>"$dir/burst"
    done
  done
  keep "0-$last" "$worker"
}

stop_handlers () {
  [ -n "$handlers" ] || return 0
  kill -QUIT "$handlers_pid"
  wait "$handlers_pid"
  # what is logged before the log is open is of all levels
  ! grep '\[\(error\|crit\|alert\|emerg\)\]' "$dir/handlers.log" >&2 || die "the handlers' nginx complained"
}
