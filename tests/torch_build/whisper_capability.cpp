// Which instruction sets the operators find on this processor, a name a line; then the one in use,
// and what comes of asking for the one that the first argument names.

#include <capability.h>

#include <cstdio>

namespace whisper {

// Nothing of them is called.
const Kernels default_kernels = {"default"};
const Kernels avx2_kernels = {"avx2"};
const Kernels avx_vnni_kernels = {"avx_vnni"};
const Kernels avx512_kernels = {"avx512"};
const Kernels avx512_vnni_kernels = {"avx512_vnni"};
const Kernels avx512_bf16_kernels = {"avx512_bf16"};
const Kernels amx_kernels = {"amx"};

} // namespace whisper

int main(int count, char** words) {
  for (const std::string& name : whisper::capabilities()) {
    std::printf("%s\n", name.c_str());
  }
  std::printf("used: %s\n", whisper::kernels().name);
  if (count > 1) {
    try {
      whisper::set_capability(words[1]);
      std::printf("now: %s\n", whisper::kernels().name);
    } catch (const std::exception& error) {
      std::printf("refused: %s, still %s\n", error.what(), whisper::kernels().name);
    }
  }
  return 0;
}
