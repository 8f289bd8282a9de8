# lua-highlevel: `make demo` shows it at work, `make test` tests all of it.
#
#   make [LUA=lua5.4|luajit]   build for both Luas, or for one
#   make demo                  install what is missing, build, update a contact
#   make test [SAN=1]          install what is missing, build, run every test;
#                              SAN=1: with address and undefined-behaviour checks
#   make lint                  luacheck, clang-format, clang-tidy
#   make bench                 measure (spec/bench/README.md)
#   make install [PREFIX=..]   for those without LuaRocks; install-c for C users
#   make uninstall, make clean, make deps
#
# With LuaRocks: luarocks make rockspec/lua-highlevel-scm-1.rockspec
# and for LuaJIT: luarocks --lua-version=5.1 make ... LUA_INCDIR=<its headers>

# ----------------------------------------------------------------- settings

CC      ?= cc
PREFIX  ?= /usr/local
CFLAGS  ?= -O2 -g
WERROR  ?= -Werror
SAN     ?=

# Nothing to change below this line.

ifeq ($(origin LUA),undefined)
LUAS    := $(foreach l,lua5.4 luajit,$(if $(shell pkg-config --exists $(l) && echo yes),$(l)))
else
LUAS    := $(LUA)
endif

WARN     = -std=c11 -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
           -Wmissing-prototypes -Wwrite-strings -Wpointer-arith -Wcast-qual \
           -Wundef -Wformat=2 -Wvla $(WERROR)
DEFINES  = -D_GNU_SOURCE
LIBS     = $(shell pkg-config --libs libcurl libcjson) -lm -lpthread
INCLUDES = -Icore $(shell pkg-config --cflags libcurl libcjson)

ifeq ($(SAN),)
OUT      = build
HARDEN   = -D_FORTIFY_SOURCE=2 -fstack-protector-strong
SANFLAGS =
else
OUT      = build/san
HARDEN   =
SANFLAGS = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

COMPILE  = $(CC) $(WARN) $(DEFINES) $(INCLUDES) $(CFLAGS) $(HARDEN) $(SANFLAGS) \
           -fPIC -fvisibility=hidden $(CPPFLAGS) -MMD -MP
CORE     = $(patsubst core/%.c,$(OUT)/core/%.o,$(wildcard core/*.c))
BINDING  = core read push
MODULES  = $(foreach l,$(LUAS),$(OUT)/$(l)/highlevel/core.so)
CTESTS   = $(patsubst spec/core/%.c,$(OUT)/spec/%,$(wildcard spec/core/test_*.c))
LUA_DIR_lua5.4 = 5.4
LUA_DIR_luajit = 5.1

.PHONY: all demo test lint format bench deps install install-c uninstall clean help
.SECONDARY:

all: $(MODULES)

help:
	@sed -n '3,14s/^# \{0,1\}//p' Makefile

# -------------------------------------------------------------------- build

$(OUT)/core/%.o: core/%.c
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

define flavour
$(OUT)/$(1)/obj/%.o: lua/highlevel/%.c
	@mkdir -p $$(@D)
	$$(COMPILE) $$(shell pkg-config --cflags $(1)) -c -o $$@ $$<

$(OUT)/$(1)/highlevel/core.so: $(BINDING:%=$(OUT)/$(1)/obj/%.o) $(CORE)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(SANFLAGS) $$(LDFLAGS) -shared -o $$@ $$^ $$(LIBS)
endef
$(foreach l,$(LUAS),$(eval $(call flavour,$(l))))

$(OUT)/libhighlevel.so: $(CORE)
	$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -shared -Wl,-soname,libhighlevel.so.0 -o $@ $^ $(LIBS)

$(OUT)/libhighlevel.a: $(CORE)
	$(AR) rcs $@ $^

$(OUT)/spec/%: spec/core/%.c $(CORE)
	@mkdir -p $(@D)
	$(COMPILE) -o $@ $< $(CORE) $(LIBS) -lcmocka

# -------------------------------------------------------------- demo, tests

deps:
	@spec/deps all

demo:
	@spec/deps demo
	@$(MAKE) -s all
	@spec/run demo $(firstword $(or $(LUA),lua5.4))

test:
	@spec/deps all
	@$(MAKE) -s all ctests SAN=$(SAN)
	@spec/run test '$(OUT)' '$(or $(LUA),lua5.4 luajit)' $(CTESTS)

.PHONY: ctests
ctests: $(CTESTS)

bench:
	@spec/deps all
	@$(MAKE) -s all
	@spec/bench/run

LINTED = $(wildcard core/*.[ch] lua/highlevel/*.[ch] spec/core/*.[ch] spec/sweep/*.c spec/bench/*.c examples/*.c)

lint:
	@spec/deps all
	luacheck -q lua spec examples
	clang-format --dry-run --Werror $(LINTED)
	ls core/*.c lua/highlevel/*.c | xargs -P 2 -n 3 sh -c 'clang-tidy --quiet "$$@" -- \
	  -std=c11 $(DEFINES) $(INCLUDES) $(shell pkg-config --cflags lua5.4) 2>/dev/null' tidy

format:
	clang-format -i $(LINTED)

# ------------------------------------------------------------------ install

LUAFILES = highlevel.lua highlevel/errors.lua highlevel/options.lua highlevel/types.lua

install: all
	@for l in $(LUAS); do \
	  case $$l in luajit) v=5.1 ;; *) v=5.4 ;; esac; \
	  for f in $(LUAFILES); do \
	    install -D -m 644 lua/$$f "$(DESTDIR)$(PREFIX)/share/lua/$$v/$$f" || exit 1; \
	  done; \
	  install -D -m 755 $(OUT)/$$l/highlevel/core.so "$(DESTDIR)$(PREFIX)/lib/lua/$$v/highlevel/core.so" || exit 1; \
	  echo "installed for $$l below $(DESTDIR)$(PREFIX)"; \
	done

install-c: $(OUT)/libhighlevel.so $(OUT)/libhighlevel.a
	@install -D -m 644 core/highlevel.h "$(DESTDIR)$(PREFIX)/include/highlevel.h"
	@install -D -m 755 $(OUT)/libhighlevel.so "$(DESTDIR)$(PREFIX)/lib/libhighlevel.so.0"
	@ln -sf libhighlevel.so.0 "$(DESTDIR)$(PREFIX)/lib/libhighlevel.so"
	@install -D -m 644 $(OUT)/libhighlevel.a "$(DESTDIR)$(PREFIX)/lib/libhighlevel.a"
	@mkdir -p "$(DESTDIR)$(PREFIX)/lib/pkgconfig"
	@printf '%s\n' 'prefix=$(PREFIX)' 'Name: highlevel' \
	  'Description: update contacts in HighLevel' \
	  'Version: $(shell sed -n 's/^.define HL_VERSION "\(.*\)"/\1/p' core/highlevel.h)' \
	  'Requires: libcjson' 'Requires.private: libcurl' \
	  'Cflags: -I$${prefix}/include' 'Libs: -L$${prefix}/lib -lhighlevel' \
	  >"$(DESTDIR)$(PREFIX)/lib/pkgconfig/highlevel.pc"
	@echo "installed for C below $(DESTDIR)$(PREFIX)"

uninstall:
	@for v in 5.1 5.4; do \
	  rm -rf "$(DESTDIR)$(PREFIX)/share/lua/$$v/highlevel" "$(DESTDIR)$(PREFIX)/share/lua/$$v/highlevel.lua" \
	    "$(DESTDIR)$(PREFIX)/lib/lua/$$v/highlevel"; \
	done
	@rm -f "$(DESTDIR)$(PREFIX)/include/highlevel.h" "$(DESTDIR)$(PREFIX)"/lib/libhighlevel.* \
	  "$(DESTDIR)$(PREFIX)/lib/pkgconfig/highlevel.pc"

clean:
	rm -rf build

-include $(wildcard $(OUT)/core/*.d $(OUT)/*/obj/*.d $(OUT)/spec/*.d)
