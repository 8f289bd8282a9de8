# lua-highlevel. `make help` lists what can be made.
#
#   make                 the module for each Lua found, and the C library
#   make LUA=luajit      for one Lua only (lua5.4, luajit)
#   make SAN=1           with AddressSanitizer and UBSan, under build/san (gcc)
#   make SAN=thread      with ThreadSanitizer, under build/tsan (gcc)
#   make WERROR=         with a compiler that warns about more than gcc 12 does
#   make V=1             shows the commands
#
# For a Lua, libcurl or cJSON that pkg-config does not know, say where it is:
#   make LUA=lua5.4 LUA54_INC=-I/opt/lua/include DEPS_CFLAGS=-I/opt/include \
#        DEPS_LIBS="-L/opt/lib -lcurl -lcjson"

PREFIX   ?= /usr/local
CFLAGS   ?= $(if $(SAN),-O1,-O2) -g
WERROR   ?= -Werror
WARN      = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wwrite-strings -Wpointer-arith -Wcast-qual \
            -Wundef -Wformat=2 -Wvla $(WERROR)
HARDEN    = -fstack-protector-strong \
            $(if $(SAN),,$(if $(filter -O1 -O2 -O3 -Os,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
comma     = ,
SAN_FLAGS = -fsanitize=$(if $(filter thread,$(SAN)),thread,address$(comma)undefined) \
            -fno-sanitize-recover=all -fno-omit-frame-pointer

# The interpreters that tests and the demo run; the headers stand below.
LUA54    ?= lua5.4
LUAJIT   ?= luajit

# Nothing to change below this line.

PKG_CONFIG ?= pkg-config
LUA54_PC   := $(shell for p in lua5.4 lua-5.4 lua54 lua; do \
                $(PKG_CONFIG) --exists "$$p >= 5.4 $$p < 5.5" 2>/dev/null && echo $$p && break; done)
LUA54_INC  := $(or $(LUA54_INC),$(if $(LUA54_PC),$(shell $(PKG_CONFIG) --cflags $(LUA54_PC))))
LUAJIT_INC := $(or $(LUAJIT_INC),$(shell $(PKG_CONFIG) --cflags luajit 2>/dev/null))
DEPS_CFLAGS := $(or $(DEPS_CFLAGS),$(shell $(PKG_CONFIG) --cflags libcurl libcjson 2>/dev/null))
DEPS_LIBS  := $(or $(DEPS_LIBS),$(shell $(PKG_CONFIG) --libs libcurl libcjson 2>/dev/null),-lcurl -lcjson)

LUA        ?= $(if $(strip $(LUA54_INC)),lua5.4) $(if $(strip $(LUAJIT_INC)),luajit)
ifneq ($(filter-out lua5.4 luajit,$(LUA)),)
$(error LUA=$(LUA): it can be lua5.4, luajit or both)
endif

VERSION    := $(shell sed -n 's/^\#define HL_VERSION "\(.*\)"/\1/p' core/highlevel.h 2>/dev/null)
SONAME      = libhighlevel.so.$(firstword $(subst ., ,$(VERSION)))

OUT         = build$(if $(SAN),$(if $(filter thread,$(SAN)),/tsan,/san))
ALL_FLAGS   = -std=c11 -fno-plt -D_GNU_SOURCE -Icore $(DEPS_CFLAGS) $(CPPFLAGS) $(WARN) \
              $(CFLAGS) $(HARDEN) $(if $(SAN),$(SAN_FLAGS)) -fPIC -fvisibility=hidden
LINK        = $(CC) $(CFLAGS) $(if $(SAN),$(SAN_FLAGS)) $(LDFLAGS)
LIBS        = $(DEPS_LIBS) -lm -lpthread
Q           = $(if $(V),,@)
SAY         = $(if $(V),@:,@printf '  %-5s %s\n')
JOBS        = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 2))
SUBMAKE     = $(MAKE) --no-print-directory $(JOBS)

CORE        = $(wildcard core/*.c)
BINDING     = $(wildcard lua/highlevel/*.c)
LUA_FILES   = $(wildcard lua/*.lua lua/highlevel/*.lua)
TESTS       = $(wildcard spec/core/test_*.c)
TEST_HELP   = $(filter-out $(TESTS),$(wildcard spec/core/*.c))
EXAMPLES    = $(wildcard examples/*.c)

CORE_O      = $(CORE:%.c=$(OUT)/%.o)
LIBRARY     = $(OUT)/libhighlevel.a $(OUT)/libhighlevel.so
MODULES     = $(LUA:%=$(OUT)/%/highlevel/core.so)

all: $(LIBRARY) modules ## build the module for each Lua found, and the C library
	@:

modules: $(MODULES)
	$(if $(MODULES),,$(error no Lua headers found: run `make deps`, or set LUA and LUA54_INC or LUAJIT_INC))

c: $(LIBRARY) ## build the C library only

# ----------------------------------------------------------------- compiling

COMPILE = $(CC) $(ALL_FLAGS) -MMD -MP -c -o $@ $<

$(OUT)/core/%.o: core/%.c
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(COMPILE)

$(OUT)/lua5.4/lua/%.o: lua/%.c
	@mkdir -p $(@D)
	$(SAY) CC "$< (Lua 5.4)"
	$(Q)$(COMPILE) $(LUA54_INC)

$(OUT)/luajit/lua/%.o: lua/%.c
	@mkdir -p $(@D)
	$(SAY) CC "$< (LuaJIT)"
	$(Q)$(COMPILE) $(LUAJIT_INC)

$(OUT)/spec/%.o: spec/%.c
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(COMPILE)

$(OUT)/examples/%.o: examples/%.c
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(COMPILE)

# ------------------------------------------------------------------- linking

$(OUT)/libhighlevel.a: $(CORE_O)
	$(SAY) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(OUT)/libhighlevel.so: $(CORE_O)
	$(SAY) LD $@
	$(Q)$(LINK) -shared -Wl,-soname,$(SONAME) -Wl,--no-undefined -o $@ $^ $(LIBS)
	@ln -sf libhighlevel.so $(OUT)/$(SONAME)

# The module holds the core and shows luaopen_highlevel_core only. No -llua:
# the host brings its own. Under the sanitizers it stays loaded to the end, or
# leak reports could not name their lines.
MODULE_LINK = $(LINK) -shared $(if $(SAN),-Wl$(comma)-z$(comma)nodelete) \
              -o $@ $^ -Wl,--exclude-libs,ALL $(LIBS)

$(OUT)/lua5.4/highlevel/core.so: $(BINDING:%.c=$(OUT)/lua5.4/%.o) $(OUT)/libhighlevel.a
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(MODULE_LINK)

$(OUT)/luajit/highlevel/core.so: $(BINDING:%.c=$(OUT)/luajit/%.o) $(OUT)/libhighlevel.a
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(MODULE_LINK)

$(OUT)/spec/core/test_%: $(OUT)/spec/core/test_%.o $(TEST_HELP:%.c=$(OUT)/%.o) $(OUT)/libhighlevel.a
	$(SAY) LD $@
	$(Q)$(LINK) -o $@ $^ -lcmocka $(LIBS)

$(OUT)/examples/%: $(OUT)/examples/%.o $(OUT)/libhighlevel.a
	$(SAY) LD $@
	$(Q)$(LINK) -o $@ $^ $(LIBS)

$(OUT)/spec/thread/torture: $(OUT)/spec/thread/torture.o $(OUT)/spec/sweep/server.o $(OUT)/libhighlevel.a
	$(SAY) LD $@
	$(Q)$(LINK) -o $@ $^ $(LIBS)

programs: $(TESTS:%.c=$(OUT)/%) $(OUT)/spec/thread/torture $(EXAMPLES:%.c=$(OUT)/%)

examples: $(EXAMPLES:%.c=$(OUT)/%) ## build the C examples, into build/examples

.SECONDARY:
-include $(shell find $(sort $(OUT) build/fuzz) -name '*.d' 2>/dev/null)

# ------------------------------------------------------------ trying, testing

RUN_ENV = BUILD=$(OUT) LUA54=$(LUA54) LUAJIT=$(LUAJIT) CC="$(CC)"
BOTH    = $(if $(filter file,$(origin LUA)),lua5.4 luajit,$(LUA))

demo: ## install what is missing, build, run examples/demo.lua against the sandbox
	@spec/deps demo $(or $(strip $(LUA)),lua5.4)
	@$(SUBMAKE) all
	@$(MAKE) --no-print-directory run-demo

run-demo:
	@$(RUN_ENV) spec/sandbox/sandbox with spec/run lua $(firstword $(LUA)) examples/demo.lua

test: ## install what is missing, build, run every test (SAN=1, SAN=thread: under sanitizers)
	@spec/deps test $(BOTH)
	@$(SUBMAKE) all programs || { echo "0 passed, 1 failed"; exit 1; }
	@$(MAKE) --no-print-directory run-tests

# make run-tests PARTS="busted" SPECS=spec/encode_spec.lua: some of them, as built
run-tests: PARTS = $(if $(filter thread,$(SAN)),core threads,core memcheck busted sweep torture threads)
SPECS = spec
run-tests:
	@$(RUN_ENV) SAN=$(SAN) LUAS="$(LUA)" PARTS="$(PARTS)" SPECS="$(SPECS)" spec/run

bench: ## measure, against the sandbox
	@spec/deps bench $(BOTH)
	@$(SUBMAKE) all
	@$(RUN_ENV) LUAS="$(LUA)" spec/bench/run

# ------------------------------------------------------------------ fuzzing

# With clang's libFuzzer and sanitizers, apart from all else under build/fuzz;
# those that speak Lua link Lua 5.4.
FUZZ_CC   ?= clang
FUZZ_OUT   = build/fuzz
FUZZERS   ?= answer encode headers dates pace queue json
FUZZ_FLAGS = -std=c11 -D_GNU_SOURCE -Icore -Ilua/highlevel -Ispec/core $(DEPS_CFLAGS) \
             $(LUA54_INC) -DROOT='"$(CURDIR)"' $(WARN) -Wno-missing-variable-declarations \
             -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
             -fno-sanitize-recover=all
FUZZ_LINK  = $(FUZZ_CC) -g -fsanitize=fuzzer,address,undefined
LUA54_LIBS ?= $(shell $(PKG_CONFIG) --libs $(LUA54_PC))
FUZZ_HELP  = $(filter-out $(FUZZERS:%=spec/fuzz/%.c),$(wildcard spec/fuzz/*.c))

fuzz: ## install clang, fuzz each parser for FUZZ_SECONDS=60 (FUZZERS="json pace", REPLAY=file)
	@spec/deps fuzz lua5.4
	@$(SUBMAKE) $(FUZZERS:%=$(FUZZ_OUT)/%)
	@OUT=$(FUZZ_OUT) FUZZERS="$(FUZZERS)" spec/fuzz/run $(REPLAY)

$(FUZZ_OUT)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) CC "$< (fuzz)"
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -MMD -MP -c -o $@ $<

$(FUZZ_OUT)/libfuzz.a: $(patsubst %.c,$(FUZZ_OUT)/obj/%.o,$(CORE) $(BINDING) $(FUZZ_HELP))
	$(SAY) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(FUZZ_OUT)/%: $(FUZZ_OUT)/obj/spec/fuzz/%.o $(FUZZ_OUT)/libfuzz.a
	$(SAY) LD $@
	$(Q)$(FUZZ_LINK) -o $@ $^ $(LIBS) $(LUA54_LIBS) -ldl

# --------------------------------------------------------------------- manual

doc: ## install cmark, write the reference manual into build/doc
	@spec/deps doc lua5.4
	@mkdir -p build/doc
	@$(LUA54) spec/doc/main.lua build/doc

deps: ## install what building, the demo, tests, fuzzing, the manual and lint need (Debian, Ubuntu)
	@spec/deps all $(BOTH)

# ---------------------------------------------------------------------- style

C_FILES  = $(wildcard core/*.[ch] lua/highlevel/*.[ch] spec/core/*.[ch] \
             spec/sweep/*.[ch] spec/thread/*.c spec/torture/*.[ch] spec/fuzz/*.[ch] spec/bench/*.[ch] examples/*.[ch])
SCRIPTS  = spec/run spec/deps .ci/run \
           $(wildcard spec/sandbox/sandbox spec/sweep/run spec/bench/run spec/bench/nginx.sh \
             spec/bench/soak spec/fuzz/run spec/torture/run)
TIDY     = $(CORE:%=build/tidy/%.ok) $(BINDING:%=build/tidy/%.ok)
LUA_INC  = $(or $(LUA54_INC),$(LUAJIT_INC))

lint: ## luacheck, clang-format, clang-tidy, shellcheck, the rockspecs' lists
	@spec/deps lint
	@$(SUBMAKE) -k -O lint-lua lint-format lint-rockspec lint-shell $(TIDY)
	@echo "lint: clean"

lint-lua:
	@luacheck -q lua spec $(wildcard examples) rockspec/*.rockspec .luacheckrc

lint-format:
	@clang-format --dry-run --Werror $(C_FILES)

# Sources are listed by hand in the rockspecs: what is there must be in them.
lint-rockspec:
	@for spec in rockspec/*.rockspec; do for f in $(CORE) $(BINDING) $(LUA_FILES); do \
	  grep -qF "\"$$f\"" $$spec || { echo "$$spec: $$f is not listed"; exit 1; }; done; done

lint-shell:
	@if command -v shellcheck >/dev/null; then shellcheck $(SCRIPTS); fi

build/tidy/%.ok: % .clang-tidy $(wildcard core/*.h lua/highlevel/*.h)
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- -std=c11 -D_GNU_SOURCE -Icore $(DEPS_CFLAGS) \
	  $(LUA_INC) 2>build/tidy/$*.log || { cat build/tidy/$*.log; exit 1; }
	@touch $@

format: ## lay out the C files
	clang-format -i $(C_FILES)

# -------------------------------------------------------------------- install

INSTALL  ?= install
INCLUDE   = $(DESTDIR)$(PREFIX)/include
LIB       = $(DESTDIR)$(PREFIX)/lib
SHARE     = $(DESTDIR)$(PREFIX)/share
lua_dir   = lua/$(if $(filter luajit,$(1)),5.1,5.4)

install: modules $(LUA:%=install-%) ## install the Lua module (PREFIX=/usr/local, DESTDIR)

$(LUA:%=install-%): install-%: $(OUT)/%/highlevel/core.so
	$(INSTALL) -d $(SHARE)/$(call lua_dir,$*)/highlevel $(LIB)/$(call lua_dir,$*)/highlevel
	$(INSTALL) -m 644 lua/highlevel.lua $(SHARE)/$(call lua_dir,$*)
	$(INSTALL) -m 644 $(wildcard lua/highlevel/*.lua) $(SHARE)/$(call lua_dir,$*)/highlevel
	$(INSTALL) -m 755 $< $(LIB)/$(call lua_dir,$*)/highlevel

install-c: $(LIBRARY) $(OUT)/highlevel.pc ## install the C library, its header and highlevel.pc
	$(INSTALL) -d $(INCLUDE) $(LIB)/pkgconfig
	$(INSTALL) -m 644 core/highlevel.h $(INCLUDE)
	$(INSTALL) -m 644 $(OUT)/libhighlevel.a $(LIB)
	$(INSTALL) -m 755 $(OUT)/libhighlevel.so $(LIB)/libhighlevel.so.$(VERSION)
	ln -sf libhighlevel.so.$(VERSION) $(LIB)/$(SONAME)
	ln -sf libhighlevel.so.$(VERSION) $(LIB)/libhighlevel.so
	$(INSTALL) -m 644 $(OUT)/highlevel.pc $(LIB)/pkgconfig

$(OUT)/highlevel.pc: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$${prefix}/lib' \
	  'includedir=$${prefix}/include' '' 'Name: highlevel' \
	  'Description: updates contacts in HighLevel' 'Version: $(VERSION)' \
	  'Requires: libcjson' 'Requires.private: libcurl' \
	  'Libs: -L$${libdir} -lhighlevel' 'Libs.private: -lm' \
	  'Cflags: -I$${includedir}' >$@

uninstall: ## remove what install and install-c put there
	rm -rf $(foreach v,5.4 5.1,$(SHARE)/lua/$v/highlevel $(LIB)/lua/$v/highlevel)
	rm -f $(foreach v,5.4 5.1,$(SHARE)/lua/$v/highlevel.lua) $(INCLUDE)/highlevel.h
	rm -f $(LIB)/libhighlevel.a $(LIB)/libhighlevel.so* $(LIB)/pkgconfig/highlevel.pc

clean: ## remove build/ and what `luarocks make` leaves
	rm -rf build highlevel core/*.o lua/highlevel/*.o

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
	  awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'
	@echo
	@echo "With LuaRocks, from here: luarocks --lua-version=5.4 make"
	@echo "for LuaJIT: luarocks --lua-version=5.1 make LUA_INCDIR=/usr/include/luajit-2.1"

.DEFAULT_GOAL := all
.PHONY: all modules c programs examples demo run-demo test run-tests bench fuzz doc deps \
  lint lint-lua lint-format lint-rockspec lint-shell format \
  install install-c uninstall clean help FORCE
