/*
** queue.c: calls that wait, for their turn under the rate limit or to try
** again.
*/
#include "queue.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"

/* What goes by one token. */
struct hl_lane {
  hl_link link; /* in the queue's lanes */
  char *token;
  hl_pace pace;
  hl_link turns;  /* calls that wait for their turn, in order */
  size_t n_calls; /* that belong here, wherever they are */
};

static hl_lane *lane_at (hl_link *link) {
  return HL_HOLDER(link, hl_lane, link);
}

static hl_call *call_at (hl_link *link) {
  return HL_HOLDER(link, hl_call, place);
}

void hl_queue_init (hl_queue *q, hl_window limit) {
  memset(q, 0, sizeof(*q));
  q->limit = limit;
  q->deadline_us = INT64_MAX;
  hl_list_init(&q->lanes);
  hl_list_init(&q->resting);
}

/*------------------------------------------------------------------ lanes */

static void lane_free (hl_lane *lane) {
  hl_list_take(&lane->link);
  hl_free_secret(lane->token);
  hl_pace_free(&lane->pace);
  free(lane);
}

void hl_queue_free (hl_queue *q) {
  hl_link *link, *next;

  for (link = q->lanes.next; link != &q->lanes; link = next) {
    next = link->next;
    lane_free(lane_at(link));
  }
}

static hl_lane *find_lane (const hl_queue *q, const char *token) {
  hl_link *link;

  for (link = q->lanes.next; link != &q->lanes; link = link->next)
    if (strcmp(lane_at(link)->token, token) == 0)
      return lane_at(link);
  return NULL;
}

/* Lanes of tokens that were replaced, say, and that nothing remembers. */
static void sweep (hl_queue *q, int64_t now_us) {
  hl_link *link, *next;

  for (link = q->lanes.next; link != &q->lanes; link = next) {
    hl_lane *lane = lane_at(link);
    next = link->next;
    if (lane->n_calls == 0 && hl_pace_is_idle(&lane->pace, now_us))
      lane_free(lane);
  }
}

static hl_lane *new_lane (hl_queue *q, const char *token, int64_t now_us) {
  hl_lane *lane;

  sweep(q, now_us);
  lane = calloc(1, sizeof(*lane));
  if (lane == NULL)
    return NULL;
  hl_pace_init(&lane->pace, q->limit);
  hl_list_init(&lane->turns);
  hl_list_put(&q->lanes, &lane->link);
  lane->token = hl_strdup(token);
  if (lane->token == NULL) {
    lane_free(lane);
    return NULL;
  }
  return lane;
}

/*------------------------------------------------------------ in and out */

/* To its place among those that wait for their turn: the order is that of
** their start, so one that tries again is ahead of those that came later. */
static void take_turn (hl_queue *q, hl_call *call) {
  hl_link *place = &call->lane->turns;

  while (place->prev != &call->lane->turns &&
         call_at(place->prev)->order > call->order)
    place = place->prev;
  hl_list_put(place, &call->place);
  hl_call_move(call, HL_CALL_QUEUED);
  q->n_turns++;
  q->deadline_us = hl_sooner(q->deadline_us, call->deadline_us);
}

bool hl_queue_join (hl_queue *q, hl_call *call, int64_t now_us) {
  hl_lane *lane = find_lane(q, call->token);

  if (lane == NULL)
    lane = new_lane(q, call->token, now_us);
  if (lane == NULL)
    return false;
  call->lane = lane;
  lane->n_calls++;
  call->order = ++q->order;
  take_turn(q, call);
  return true;
}

void hl_queue_rest (hl_queue *q, hl_call *call) {
  hl_link *place = &q->resting;

  while (place->prev != &q->resting &&
         call_at(place->prev)->resume_us > call->resume_us)
    place = place->prev;
  hl_list_put(place, &call->place);
  hl_call_move(call, HL_CALL_WAITING);
}

void hl_queue_leave (hl_queue *q, hl_call *call) {
  hl_list_take(&call->place);
  if (call->state == HL_CALL_QUEUED)
    q->n_turns--;
  if (call->lane != NULL)
    call->lane->n_calls--;
  call->lane = NULL;
}

/*---------------------------------------------------------------- who goes */

/* Calls that have rested: back in line. */
static void wake (hl_queue *q, int64_t now_us) {
  while (!hl_list_is_empty(&q->resting)) {
    hl_call *call = call_at(q->resting.next);
    if (call->resume_us > now_us)
      return;
    hl_list_take(&call->place);
    take_turn(q, call);
  }
}

static bool is_paced (const hl_queue *q) {
  return q->limit.requests > 0;
}

static int64_t lane_ready (const hl_queue *q, const hl_lane *lane, size_t ahead,
                           int64_t now_us) {
  return is_paced(q) ? hl_pace_ready(&lane->pace, ahead, now_us) : now_us;
}

hl_call *hl_queue_next (hl_queue *q, int64_t now_us, bool *no_memory) {
  hl_link *link;

  *no_memory = false;
  wake(q, now_us);
  if (q->n_turns == 0)
    return NULL;
  for (link = q->lanes.next; link != &q->lanes; link = link->next) {
    hl_lane *lane = lane_at(link);
    hl_call *call;
    if (hl_list_is_empty(&lane->turns) ||
        lane_ready(q, lane, 0, now_us) > now_us)
      continue;
    call = call_at(lane->turns.next);
    if (is_paced(q))
      *no_memory = !hl_pace_leave(&lane->pace, &call->ticket, now_us);
    hl_list_take(&call->place);
    q->n_turns--;
    hl_call_move(call, HL_CALL_PREPARED);
    call->has_ticket = is_paced(q) && !*no_memory;
    return call;
  }
  return NULL;
}

hl_call *hl_queue_overdue (hl_queue *q, int64_t now_us) {
  int64_t earliest = INT64_MAX;
  hl_link *link, *turn;

  wake(q, now_us); /* these end their rest before their deadline */
  if (now_us < q->deadline_us)
    return NULL;
  for (link = q->lanes.next; link != &q->lanes; link = link->next) {
    hl_lane *lane = lane_at(link);
    for (turn = lane->turns.next; turn != &lane->turns; turn = turn->next) {
      if (call_at(turn)->deadline_us <= now_us)
        return call_at(turn);
      earliest = hl_sooner(earliest, call_at(turn)->deadline_us);
    }
  }
  q->deadline_us = earliest;
  return NULL;
}

int64_t hl_queue_due (const hl_queue *q, int64_t now_us) {
  int64_t due = INT64_MAX;
  hl_link *link;

  if (!hl_list_is_empty(&q->resting))
    due = call_at(q->resting.next)->resume_us;
  if (q->n_turns == 0)
    return due;
  for (link = q->lanes.next; link != &q->lanes; link = link->next) {
    hl_lane *lane = lane_at(link);
    if (!hl_list_is_empty(&lane->turns))
      due = hl_sooner(due, lane_ready(q, lane, 0, now_us));
  }
  return hl_sooner(due, q->deadline_us);
}

int64_t hl_queue_ready (const hl_queue *q, const hl_call *call,
                        const char *token, int64_t now_us) {
  const hl_lane *lane = !is_paced(q)   ? NULL
                        : call != NULL ? call->lane
                                       : find_lane(q, token);
  const hl_link *link;
  size_t ahead = 0;

  if (lane == NULL)
    return now_us;
  for (link = lane->turns.next; link != &lane->turns; link = link->next) {
    if (call != NULL &&
        call_at((hl_link *)(uintptr_t)link)->order >= call->order)
      break;
    ahead++;
  }
  return call != NULL ? hl_pace_earliest(&lane->pace, ahead, now_us)
                      : hl_pace_ready(&lane->pace, ahead, now_us);
}

/*------------------------------------------------------------ how they end */

static hl_ending ending_of (const hl_result *r) {
  if (r == NULL || r->kind == HL_MEMORY)
    return HL_COUNTED; /* broken off, or forgotten: who knows */
  if (r->kind == HL_RATE_LIMITED)
    return HL_REFUSED;
  return r->status == 0 && r->phase <= HL_PHASE_CONNECT ? HL_UNSENT
                                                        : HL_COUNTED;
}

void hl_queue_ended (hl_call *call, const hl_result *r, int64_t now_us) {
  if (!call->has_ticket)
    return;
  call->has_ticket = false;
  hl_pace_end(&call->lane->pace, &call->ticket, ending_of(r),
              r != NULL && r->status != 0 ? &r->rate_limit : NULL,
              r != NULL ? r->retry_after_ms : -1, now_us);
}
