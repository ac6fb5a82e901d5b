/* A driver library for programs, libcuda.so.1, that is as broken as a test wants it.

   FAKE_DRIVER holds words: init=999 is what cuInit returns; version=11040, count=0, capability=61
   and mode=2 are what it tells of itself and of its GPUs. "hang", "crash", "abort" and "exit"
   happen in cuInit; after "load-" when it is loaded, after "end-" when the process ends; "flood"
   prints without end. With -DNO_INIT or -DNO_COUNT it lacks a function. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *word(const char *name) {
  const char *at = getenv("FAKE_DRIVER");
  size_t length = strlen(name);
  for (; at && *at; at = strchr(at, ' '), at = at ? at + 1 : NULL)
    if (!strncmp(at, name, length) && strchr("= ", at[length])) return at + length;
  return NULL;
}

static int number(const char *name, int otherwise) {
  const char *value = word(name);
  return value && *value == '=' ? atoi(value + 1) : otherwise;
}

static void misbehave(const char *when) {
  char name[32];
#define IS(what) (snprintf(name, sizeof name, "%s%s", when, what), word(name))
  if (IS("hang"))
    for (;;) pause();
  if (IS("crash")) signal(SIGSEGV, SIG_DFL), raise(SIGSEGV);
  if (IS("abort")) abort();
  if (IS("exit")) _exit(3);
  if (IS("flood"))
    for (;;) puts("libcuda: this is not what you expect");
}

__attribute__((constructor)) static void loaded(void) { misbehave("load-"); }
__attribute__((destructor)) static void ended(void) { misbehave("end-"); }

#ifndef NO_INIT
int cuInit(unsigned flags) {
  (void)flags;
  misbehave("");
  /* As the real one does where the user lets it see no GPU. */
  const char *visible = getenv("CUDA_VISIBLE_DEVICES");
  if (visible && (!*visible || *visible == '-')) return 100;
  return number("init", 0);
}
#endif

int cuDriverGetVersion(int *version) {
  *version = number("version", 12040);
  return 0;
}

#ifndef NO_COUNT
int cuDeviceGetCount(int *count) {
  *count = number("count", 1);
  return 0;
}
#endif

int cuDeviceGet(int *device, int index) {
  *device = index;
  return number("get", 0);
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
  (void)device;
  int capability = number("capability", 80);
  *value = attribute == 75   ? capability / 10
           : attribute == 76 ? capability % 10
           : attribute == 20 ? number("mode", 0)
                             : 0;
  return 0;
}
