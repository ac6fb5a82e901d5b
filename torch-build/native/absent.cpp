// Where a call ends whose function is not in this build.

#include <c10/util/Exception.h>
#include <c10/util/Type.h>
#include <how_to_add.h>

#include <string>

extern "C" __attribute__((visibility("hidden"), noreturn)) void torch_absent(const char* symbol) {
  const std::string name = c10::demangle(symbol);
  TORCH_CHECK_NOT_IMPLEMENTED(
      false, name, HOW_TO_ADD);
  __builtin_unreachable();
}
