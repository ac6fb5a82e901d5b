#include "capability.h"

#include <c10/util/Exception.h>
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace whisper {

namespace {

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

bool bit(unsigned value, int number) {
  return (value >> number & 1) != 0;
}

// Which registers the operating system saves.
uint64_t saved_registers() {
  if (!bit(cpuid(1, 0).ecx, 27)) {
    return 0;
  }
  unsigned low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

bool saves(uint64_t mask) {
  return (saved_registers() & mask) == mask;
}

// The bits are those of Intel's manual, volume 2, CPUID; of XCR0, volume 1, 13.3.
bool has_avx2() {
  const unsigned features = cpuid(1, 0).ecx;
  const bool fma = bit(features, 12), f16c = bit(features, 29);
  return saves(0x6) && fma && f16c && bit(cpuid(7, 0).ebx, 5);
}

bool has_avx_vnni() {
  return has_avx2() && bit(cpuid(7, 1).eax, 4);
}

bool has_avx512() {
  const unsigned features = cpuid(7, 0).ebx;
  const bool f = bit(features, 16), dq = bit(features, 17), bw = bit(features, 30);
  return has_avx2() && saves(0xe6) && f && dq && bw && bit(features, 31);
}

bool has_avx512_vnni() {
  return has_avx512() && bit(cpuid(7, 0).ecx, 11);
}

bool has_avx512_bf16() {
  return has_avx512_vnni() && bit(cpuid(7, 1).eax, 5);
}

// Linux lets a process use the tiles that asks for them (arch_prctl, since 5.16).
bool has_amx() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;
  const unsigned features = cpuid(7, 0).edx;
  const bool bf16 = bit(features, 22), tile = bit(features, 24), int8 = bit(features, 25);
  return has_avx512_bf16() && saves(0x600e6) && bf16 && tile && int8 && bit(cpuid(7, 0).ecx, 1) &&
      syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

struct Choice {
  const Kernels& kernels;
  bool present;
};

const std::vector<Choice>& choices() {
  static const std::vector<Choice> all = {
      {default_kernels, true},
      {avx2_kernels, has_avx2()},
      {avx_vnni_kernels, has_avx_vnni()},
      {avx512_kernels, has_avx512()},
      {avx512_vnni_kernels, has_avx512_vnni()},
      {avx512_bf16_kernels, has_avx512_bf16()},
      {amx_kernels, has_amx()},
  };
  return all;
}

// The best up to `most`; all of them where there is no such name.
const Kernels* best(const char* most) {
  const Kernels* found = nullptr;
  for (const Choice& choice : choices()) {
    if (choice.present) {
      found = &choice.kernels;
    }
    if (most != nullptr && std::string(most) == choice.kernels.name) {
      break;
    }
  }
  return found;
}

std::atomic<const Kernels*>& used() {
  static std::atomic<const Kernels*> kept{best(std::getenv("ATEN_CPU_CAPABILITY"))};
  return kept;
}

} // namespace

const Kernels& kernels() {
  return *used().load();
}

std::vector<std::string> capabilities() {
  std::vector<std::string> names;
  for (const Choice& choice : choices()) {
    if (choice.present) {
      names.emplace_back(choice.kernels.name);
    }
  }
  return names;
}

void set_capability(const std::string& name) {
  for (const Choice& choice : choices()) {
    if (choice.kernels.name == name && choice.present) {
      used() = &choice.kernels;
      return;
    }
  }
  TORCH_CHECK(false, "this processor has no kernels named ", name);
}

} // namespace whisper
