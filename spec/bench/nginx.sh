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

# ran THREAD..: nanoseconds that these threads of the worker were on a processor
ran () {
  local thread ns sum=0
  for thread in "$@"; do
    read -r ns _ <"/proc/$worker/task/$thread/schedstat"
    sum=$((sum + ns))
  done
  echo "$sum"
}

# load PATH CONNECTIONS SECONDS: a line to `rounds` of that table and round
load () {
  local table=$1 round=$2 path=$3 at_once=$4 seconds=$5 threads loop all requests took
  mapfile -t threads < <(ls "/proc/$worker/task")
  loop=$(ran "$worker") all=$(ran "${threads[@]}")
  wrk -t1 -c"$at_once" -d"$seconds" "http://$handlers/$path" >"$dir/line" & # stops by itself
  wait $!
  loop=$(($(ran "$worker") - loop)) all=$(($(ran "${threads[@]}") - all))
  ! grep -q 'Non-2xx\|Socket errors' "$dir/line" || die "$path failed ($(tr -s ' \n' ' ' <"$dir/line"))"
  read -r requests took < <(sed -n 's/^ *\([0-9]*\) requests in \([0-9.]*\)s,.*/\1 \2/p' "$dir/line")
  printf '%s\t%d\t%s\t%d\t%s\t%d\t%d\n' "$table" "$round" "${path%/*}" "$requests" "$took" "$loop" "$all" \
    >>"$dir/handlers"
}

# Requests per second, and the processor's time for each, of each way.
nginx_rate () {
  local round at_once name protocol names=(cosocket highlevel)
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

# trivial CONNECTIONS: the 99th percentile, in microseconds, of a location that
# does nothing
trivial () {
  wrk -t1 -c1 -d2 --latency "http://$handlers/trivial" | awk '$1 == "99%" {
    print $2 * ($2 ~ /us$/ ? 1 : $2 ~ /ms$/ ? 1000 : 1000000) }'
}

# 256 handlers at once, whose upstream takes 200 ms: how long until all are
# answered; and what others notice of them.
nginx_burst () {
  local round name idle loaded seconds good other
  for ((round = 1; round <= NGINX_ROUNDS; round++)); do
    for name in sleep/ slow/plain slow/tls slow/http1; do
      script=("$here/burst.lua" "${handlers#*:}" "/$name" 256)
      measure lua "${LUAS%% *}" env
      read -r seconds good <"$dir/line"
      [ "$good" = 256 ] || die "$name: of 256 at once $good were answered"
      idle=$(trivial)
      wrk -t1 -c256 -d4 "http://$handlers/$name" >"$dir/line" &
      other=$!
      sleep 1
      loaded=$(trivial)
      wait "$other"
      printf '%s\t%d\t%s\t%s\t%s\n' "$name" "$round" "$seconds" "$idle" "$loaded" >>"$dir/burst"
    done
  done
}

nginx_part () {
  start_handlers || return 0
  nginx_rate
  nginx_burst
  kill -QUIT "$handlers_pid"
  wait "$handlers_pid"
  # what is logged before the log is open is of all levels
  ! grep '\[\(error\|crit\|alert\|emerg\)\]' "$dir/handlers.log" >&2 || die "the handlers' nginx complained"
}
