/* The CUDA runtime without a GPU: what a test links in the place of libcudart_static.a.

   Memory of the device is memory of the process, streams are done with each call before it
   returns, and kernels are not run: their names are written down. So all of PyTorch's code that
   runs on the processor, from its allocator to each launch, can be tested where there is no GPU,
   and made to fail where a test wants it to. What a kernel would have computed stays as it was.

   The environment decides what kind of GPU it is:

   FAKE_CUDA_DEVICES      how many there are (1); 0 answers as a driver without a GPU does
   FAKE_CUDA_CAPABILITY   their compute capability (8.0)
   FAKE_CUDA_MEMORY       bytes of each (8 GiB); whoever asks for more gets cudaErrorMemoryAllocation
   FAKE_CUDA_DRIVER       the driver's version as the runtime has it, 12040 (the default) for 12.4;
                          below 12000 every call that needs a driver says that it is too old, and 0
                          says that there is none
   FAKE_CUDA_FILL         the byte that new memory is filled with (0); 255 makes every number NaN
   FAKE_CUDA_LOG          file that gets the name of each kernel that is launched, one a line
   FAKE_CUDA_FAIL         faults, separated by commas: FUNCTION:N:WHAT. The N-th call of FUNCTION,
                          or each one where N is *, returns the error number WHAT. WHAT may be
                          "hang", "crash" (SIGSEGV), "abort" or "exit" instead.

   As with the real runtime an error is also the thread's last error until it is asked for, and
   one that corrupts the context comes back from every later call and never goes away. */

#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cuda_runtime_api.h>

/* A stand-in needs few of them. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define PUBLIC __attribute__((visibility("default")))
#define ALIGNMENT 512
#define RUNTIME_VERSION 12040
#define OLDEST_DRIVER 12000
#define DEVICES 16

/* ---- settings and faults --------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cudaError_t corrupted = cudaSuccess; /* the whole process has one context */
static __thread cudaError_t last = cudaSuccess;
static __thread int current = 0;

static long long setting(const char *name, long long otherwise) {
  const char *value = getenv(name);
  return value && *value ? strtoll(value, NULL, 10) : otherwise;
}

static int devices(void) {
  long long count = setting("FAKE_CUDA_DEVICES", 1);
  return count > DEVICES ? DEVICES : (int)count;
}

static int driver(void) { return (int)setting("FAKE_CUDA_DRIVER", RUNTIME_VERSION); }

static size_t memory(void) { return (size_t)setting("FAKE_CUDA_MEMORY", 8LL << 30); }

static void capability(int *major, int *minor) {
  const char *value = getenv("FAKE_CUDA_CAPABILITY");
  if (!value || sscanf(value, "%d.%d", major, minor) != 2) *major = 8, *minor = 0;
}

static int corrupts(cudaError_t error) {
  switch (error) {
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorUnknown:
      return 1;
    default:
      return 0;
  }
}

static cudaError_t result(cudaError_t error) {
  if (error != cudaSuccess) last = error;
  if (corrupts(error)) corrupted = error;
  return error;
}

/* Do what FAKE_CUDA_FAIL asks for at this call of `function`, the first being 1. */
static cudaError_t fault(const char *function, long call) {
  const char *entry = getenv("FAKE_CUDA_FAIL");
  size_t length = strlen(function);
  for (; entry && *entry; entry = strchr(entry, ','), entry = entry ? entry + 1 : NULL) {
    if (strncmp(entry, function, length) || entry[length] != ':') continue;
    const char *number = entry + length + 1, *what = strchr(number, ':');
    if (!what || (*number != '*' && atol(number) != call)) continue;
    what++;
    if (!strncmp(what, "hang", 4))
      for (;;) pause();
    if (!strncmp(what, "crash", 5)) signal(SIGSEGV, SIG_DFL), raise(SIGSEGV);
    if (!strncmp(what, "abort", 5)) abort();
    if (!strncmp(what, "exit", 4)) _exit(1);
    return (cudaError_t)atoi(what);
  }
  return cudaSuccess;
}

static cudaError_t missing(void) {
  if (driver() < OLDEST_DRIVER) return cudaErrorInsufficientDriver;
  return devices() < 1 ? cudaErrorNoDevice : cudaSuccess;
}

/* What every function begins with: errors that stick, then those that are asked for. */
#define ENTER_WITHOUT_GPU(name)                                                        \
  do {                                                                                 \
    static long calls;                                                                 \
    long call = __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);                       \
    if (corrupted != cudaSuccess) return result(corrupted);                            \
    cudaError_t found = fault(name, call);                                             \
    if (found != cudaSuccess) return result(found);                                    \
  } while (0)
#define ENTER(name)                                                                    \
  do {                                                                                 \
    ENTER_WITHOUT_GPU(name);                                                           \
    cudaError_t absent = missing();                                                    \
    if (absent != cudaSuccess) return result(absent);                                  \
  } while (0)

/* ---- errors ---------------------------------------------------------------------------- */

#define ERRORS(E)                                                                                  \
  E(cudaSuccess, "no error")                                                                       \
  E(cudaErrorInvalidValue, "invalid argument")                                                     \
  E(cudaErrorMemoryAllocation, "out of memory")                                                    \
  E(cudaErrorInitializationError, "initialization error")                                          \
  E(cudaErrorCudartUnloading, "driver shutting down")                                              \
  E(cudaErrorInvalidConfiguration, "invalid configuration argument")                               \
  E(cudaErrorInsufficientDriver, "CUDA driver version is insufficient for CUDA runtime version")   \
  E(cudaErrorDevicesUnavailable, "CUDA-capable device(s) is/are busy or unavailable")              \
  E(cudaErrorInvalidDeviceFunction, "invalid device function")                                     \
  E(cudaErrorNoDevice, "no CUDA-capable device is detected")                                       \
  E(cudaErrorInvalidDevice, "invalid device ordinal")                                              \
  E(cudaErrorNoKernelImageForDevice, "no kernel image is available for execution on the device")   \
  E(cudaErrorECCUncorrectable, "uncorrectable ECC error encountered")                              \
  E(cudaErrorNvlinkUncorrectable, "uncorrectable NVLink error detected during the execution")      \
  E(cudaErrorUnsupportedPtxVersion, "the provided PTX was compiled with an unsupported toolchain.") \
  E(cudaErrorOperatingSystem, "OS call failed or operation not supported on this OS")              \
  E(cudaErrorInvalidResourceHandle, "invalid resource handle")                                     \
  E(cudaErrorIllegalState, "the operation cannot be performed in the present state")               \
  E(cudaErrorNotReady, "device not ready")                                                         \
  E(cudaErrorIllegalAddress, "an illegal memory access was encountered")                           \
  E(cudaErrorLaunchOutOfResources, "too many resources requested for launch")                      \
  E(cudaErrorLaunchTimeout, "the launch timed out and was terminated")                             \
  E(cudaErrorPeerAccessUnsupported, "peer access is not supported between these two devices")      \
  E(cudaErrorAssert, "device-side assert triggered")                                               \
  E(cudaErrorHardwareStackError, "hardware stack error")                                           \
  E(cudaErrorIllegalInstruction, "an illegal instruction was encountered")                         \
  E(cudaErrorMisalignedAddress, "misaligned address")                                              \
  E(cudaErrorInvalidAddressSpace, "operation not supported on global/shared address space")        \
  E(cudaErrorInvalidPc, "invalid program counter")                                                 \
  E(cudaErrorLaunchFailure, "unspecified launch failure")                                          \
  E(cudaErrorNotPermitted, "operation not permitted")                                              \
  E(cudaErrorNotSupported, "operation not supported")                                              \
  E(cudaErrorSystemNotReady, "system not yet initialized")                                         \
  E(cudaErrorSystemDriverMismatch, "system has unsupported display driver / cuda driver combination") \
  E(cudaErrorCompatNotSupportedOnDevice, "forward compatibility was attempted on non supported HW") \
  E(cudaErrorUnknown, "unknown error")

PUBLIC const char *cudaGetErrorString(cudaError_t error) {
#define TEXT(code, text) if (error == code) return text;
  ERRORS(TEXT)
  return "unrecognized error code";
}

PUBLIC const char *cudaGetErrorName(cudaError_t error) {
#define NAME(code, text) if (error == code) return #code;
  ERRORS(NAME)
  return "unrecognized error code";
}

PUBLIC cudaError_t cudaGetLastError(void) {
  cudaError_t error = corrupted != cudaSuccess ? corrupted : last;
  last = cudaSuccess;
  return error;
}

PUBLIC cudaError_t cudaPeekAtLastError(void) { return corrupted != cudaSuccess ? corrupted : last; }

/* ---- devices --------------------------------------------------------------------------- */

PUBLIC cudaError_t cudaDriverGetVersion(int *version) {
  ENTER_WITHOUT_GPU("cudaDriverGetVersion");
  *version = driver();
  return cudaSuccess;
}

PUBLIC cudaError_t cudaRuntimeGetVersion(int *version) {
  ENTER_WITHOUT_GPU("cudaRuntimeGetVersion");
  *version = RUNTIME_VERSION;
  return cudaSuccess;
}

PUBLIC cudaError_t cudaGetDeviceCount(int *count) {
  *count = 0;
  ENTER("cudaGetDeviceCount");
  *count = devices();
  return cudaSuccess;
}

PUBLIC cudaError_t cudaGetDevice(int *device) {
  ENTER("cudaGetDevice");
  *device = current;
  return cudaSuccess;
}

PUBLIC cudaError_t cudaSetDevice(int device) {
  ENTER("cudaSetDevice");
  if (device < 0 || device >= devices()) return result(cudaErrorInvalidDevice);
  current = device;
  return cudaSuccess;
}

PUBLIC cudaError_t cudaDeviceReset(void) {
  ENTER("cudaDeviceReset");
  return cudaSuccess;
}

PUBLIC cudaError_t cudaDeviceSynchronize(void) {
  ENTER("cudaDeviceSynchronize");
  return cudaSuccess;
}

PUBLIC cudaError_t cudaSetDeviceFlags(unsigned flags) {
  ENTER("cudaSetDeviceFlags");
  return cudaSuccess;
}

PUBLIC cudaError_t cudaGetDeviceFlags(unsigned *flags) {
  ENTER("cudaGetDeviceFlags");
  *flags = 0;
  return cudaSuccess;
}

/* An A100's numbers, but for what is set. */
PUBLIC cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device) {
  ENTER("cudaGetDeviceProperties");
  if (device < 0 || device >= devices()) return result(cudaErrorInvalidDevice);
  memset(properties, 0, sizeof *properties);
  snprintf(properties->name, sizeof properties->name, "Fake GPU %d", device);
  properties->totalGlobalMem = memory();
  properties->sharedMemPerBlock = 48 << 10;
  properties->regsPerBlock = properties->regsPerMultiprocessor = 65536;
  properties->warpSize = 32;
  properties->memPitch = 0x7fffffff;
  properties->maxThreadsPerBlock = 1024;
  properties->maxThreadsDim[0] = properties->maxThreadsDim[1] = 1024;
  properties->maxThreadsDim[2] = 64;
  properties->maxGridSize[0] = 0x7fffffff;
  properties->maxGridSize[1] = properties->maxGridSize[2] = 65535;
  properties->clockRate = 1410000;
  properties->totalConstMem = 64 << 10;
  capability(&properties->major, &properties->minor);
  properties->textureAlignment = 512;
  properties->texturePitchAlignment = 32;
  properties->multiProcessorCount = 108;
  properties->canMapHostMemory = 1;
  properties->concurrentKernels = 1;
  properties->ECCEnabled = 1;
  properties->pciBusID = device + 1;
  properties->asyncEngineCount = 3;
  properties->unifiedAddressing = 1;
  properties->memoryClockRate = 1215000;
  properties->memoryBusWidth = 5120;
  properties->l2CacheSize = 40 << 20;
  properties->maxThreadsPerMultiProcessor = 2048;
  properties->maxBlocksPerMultiProcessor = 32;
  properties->streamPrioritiesSupported = 1;
  properties->globalL1CacheSupported = properties->localL1CacheSupported = 1;
  properties->sharedMemPerMultiprocessor = 164 << 10;
  properties->sharedMemPerBlockOptin = 163 << 10;
  properties->managedMemory = 1;
  properties->cooperativeLaunch = 1;
  properties->memoryPoolsSupported = 1;
  return cudaSuccess;
}

PUBLIC cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device) {
  struct cudaDeviceProp p;
  ENTER("cudaDeviceGetAttribute");
  cudaError_t error = cudaGetDeviceProperties(&p, device);
  if (error != cudaSuccess) return error;
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock: *value = p.maxThreadsPerBlock; break;
    case cudaDevAttrMaxBlockDimX: *value = p.maxThreadsDim[0]; break;
    case cudaDevAttrMaxBlockDimY: *value = p.maxThreadsDim[1]; break;
    case cudaDevAttrMaxBlockDimZ: *value = p.maxThreadsDim[2]; break;
    case cudaDevAttrMaxGridDimX: *value = p.maxGridSize[0]; break;
    case cudaDevAttrMaxGridDimY: *value = p.maxGridSize[1]; break;
    case cudaDevAttrMaxGridDimZ: *value = p.maxGridSize[2]; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *value = (int)p.sharedMemPerBlock; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = (int)p.sharedMemPerBlockOptin; break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      *value = (int)p.sharedMemPerMultiprocessor;
      break;
    case cudaDevAttrWarpSize: *value = p.warpSize; break;
    case cudaDevAttrMaxRegistersPerBlock: *value = p.regsPerBlock; break;
    case cudaDevAttrMaxRegistersPerMultiprocessor: *value = p.regsPerMultiprocessor; break;
    case cudaDevAttrMultiProcessorCount: *value = p.multiProcessorCount; break;
    case cudaDevAttrMaxThreadsPerMultiProcessor: *value = p.maxThreadsPerMultiProcessor; break;
    case cudaDevAttrMaxBlocksPerMultiprocessor: *value = p.maxBlocksPerMultiProcessor; break;
    case cudaDevAttrL2CacheSize: *value = p.l2CacheSize; break;
    case cudaDevAttrClockRate: *value = p.clockRate; break;
    case cudaDevAttrComputeCapabilityMajor: *value = p.major; break;
    case cudaDevAttrComputeCapabilityMinor: *value = p.minor; break;
    case cudaDevAttrUnifiedAddressing:
    case cudaDevAttrConcurrentKernels:
    case cudaDevAttrCanMapHostMemory:
    case cudaDevAttrCooperativeLaunch:
    case cudaDevAttrMemoryPoolsSupported:
    case cudaDevAttrStreamPrioritiesSupported: *value = 1; break;
    default: *value = 0;
  }
  return cudaSuccess;
}

PUBLIC cudaError_t cudaDeviceGetPCIBusId(char *text, int length, int device) {
  ENTER("cudaDeviceGetPCIBusId");
  snprintf(text, (size_t)length, "0000:%02x:00.0", device + 1);
  return cudaSuccess;
}

PUBLIC cudaError_t cudaDeviceGetStreamPriorityRange(int *least, int *greatest) {
  ENTER("cudaDeviceGetStreamPriorityRange");
  if (least) *least = 0;
  if (greatest) *greatest = -5;
  return cudaSuccess;
}

PUBLIC cudaError_t cudaDeviceGetLimit(size_t *value, enum cudaLimit limit) {
  ENTER("cudaDeviceGetLimit");
  *value = 1024;
  return cudaSuccess;
}

PUBLIC cudaError_t cudaDeviceSetLimit(enum cudaLimit limit, size_t value) {
  ENTER("cudaDeviceSetLimit");
  return cudaSuccess;
}

PUBLIC cudaError_t cudaDeviceCanAccessPeer(int *can, int device, int peer) {
  ENTER("cudaDeviceCanAccessPeer");
  *can = 0;
  return cudaSuccess;
}

PUBLIC cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned flags) {
  ENTER("cudaDeviceEnablePeerAccess");
  return result(cudaErrorPeerAccessUnsupported);
}

PUBLIC cudaError_t cudaGetDriverEntryPoint(const char *symbol, void **function,
                                           unsigned long long flags,
                                           enum cudaDriverEntryPointQueryResult *found) {
  ENTER("cudaGetDriverEntryPoint");
  *function = NULL;
  if (found) *found = cudaDriverEntryPointSymbolNotFound;
  return cudaSuccess;
}

/* ---- memory ---------------------------------------------------------------------------- */

struct block {
  char *start;
  size_t size;
  int device;
  enum cudaMemoryType type;
  struct block *next;
};
static struct block *blocks;
static size_t used[DEVICES];

static cudaError_t allocate(void **pointer, size_t size, enum cudaMemoryType type) {
  int device = current;
  *pointer = NULL;
  if (size == 0) return cudaSuccess;
  struct block *block = malloc(sizeof *block);
  pthread_mutex_lock(&lock);
  int fits = type == cudaMemoryTypeHost || size <= memory() - used[device];
  void *start = NULL;
  if (!block || !fits || posix_memalign(&start, ALIGNMENT, size)) {
    pthread_mutex_unlock(&lock);
    free(block);
    return result(cudaErrorMemoryAllocation);
  }
  *block = (struct block){start, size, device, type, blocks};
  blocks = block;
  if (type != cudaMemoryTypeHost) used[device] += size;
  pthread_mutex_unlock(&lock);
  memset(start, (int)setting("FAKE_CUDA_FILL", 0), size);
  *pointer = start;
  return cudaSuccess;
}

static cudaError_t release(void *pointer) {
  if (!pointer) return cudaSuccess;
  pthread_mutex_lock(&lock);
  for (struct block **at = &blocks; *at; at = &(*at)->next)
    if ((*at)->start == pointer) {
      struct block *block = *at;
      *at = block->next;
      if (block->type != cudaMemoryTypeHost) used[block->device] -= block->size;
      pthread_mutex_unlock(&lock);
      free(block->start);
      free(block);
      return cudaSuccess;
    }
  pthread_mutex_unlock(&lock);
  return result(cudaErrorInvalidValue);
}

#define ALLOCATOR(name, parameters, type)                                              \
  PUBLIC cudaError_t name parameters {                                                 \
    ENTER(#name);                                                                      \
    return allocate(pointer, size, type);                                              \
  }
ALLOCATOR(cudaMalloc, (void **pointer, size_t size), cudaMemoryTypeDevice)
ALLOCATOR(cudaMallocHost, (void **pointer, size_t size), cudaMemoryTypeHost)

PUBLIC cudaError_t cudaHostAlloc(void **pointer, size_t size, unsigned flags) {
  ENTER("cudaHostAlloc");
  return allocate(pointer, size, cudaMemoryTypeHost);
}

PUBLIC cudaError_t cudaMallocManaged(void **pointer, size_t size, unsigned flags) {
  ENTER("cudaMallocManaged");
  return allocate(pointer, size, cudaMemoryTypeManaged);
}

PUBLIC cudaError_t cudaMallocAsync(void **pointer, size_t size, cudaStream_t stream) {
  ENTER("cudaMallocAsync");
  return allocate(pointer, size, cudaMemoryTypeDevice);
}

PUBLIC cudaError_t cudaFree(void *pointer) {
  ENTER("cudaFree");
  return release(pointer);
}

PUBLIC cudaError_t cudaFreeHost(void *pointer) {
  ENTER("cudaFreeHost");
  return release(pointer);
}

PUBLIC cudaError_t cudaFreeAsync(void *pointer, cudaStream_t stream) {
  ENTER("cudaFreeAsync");
  return release(pointer);
}

PUBLIC cudaError_t cudaMemGetInfo(size_t *left, size_t *total) {
  ENTER("cudaMemGetInfo");
  *total = memory();
  pthread_mutex_lock(&lock);
  *left = *total - used[current];
  pthread_mutex_unlock(&lock);
  return cudaSuccess;
}

PUBLIC cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes *attributes,
                                            const void *pointer) {
  ENTER("cudaPointerGetAttributes");
  const char *address = pointer;
  *attributes = (struct cudaPointerAttributes){.type = cudaMemoryTypeUnregistered, .device = -1};
  pthread_mutex_lock(&lock);
  for (struct block *block = blocks; block; block = block->next)
    if (address >= block->start && address < block->start + block->size) {
      attributes->type = block->type;
      attributes->device = block->device;
      attributes->devicePointer = attributes->hostPointer = (void *)address;
      if (block->type == cudaMemoryTypeDevice) attributes->hostPointer = NULL;
    }
  pthread_mutex_unlock(&lock);
  return cudaSuccess;
}

PUBLIC cudaError_t cudaHostRegister(void *pointer, size_t size, unsigned flags) {
  ENTER("cudaHostRegister");
  return cudaSuccess;
}

PUBLIC cudaError_t cudaHostUnregister(void *pointer) {
  ENTER("cudaHostUnregister");
  return cudaSuccess;
}

PUBLIC cudaError_t cudaHostGetDevicePointer(void **device, void *host, unsigned flags) {
  ENTER("cudaHostGetDevicePointer");
  *device = host;
  return cudaSuccess;
}

static cudaError_t copy(void *to, const void *from, size_t size) {
  if (size && (!to || !from)) return result(cudaErrorInvalidValue);
  memmove(to, from, size);
  return cudaSuccess;
}

PUBLIC cudaError_t cudaMemcpy(void *to, const void *from, size_t size, enum cudaMemcpyKind kind) {
  ENTER("cudaMemcpy");
  return copy(to, from, size);
}

PUBLIC cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t size,
                                   enum cudaMemcpyKind kind, cudaStream_t stream) {
  ENTER("cudaMemcpyAsync");
  return copy(to, from, size);
}

PUBLIC cudaError_t cudaMemcpyPeerAsync(void *to, int to_device, const void *from, int from_device,
                                       size_t size, cudaStream_t stream) {
  ENTER("cudaMemcpyPeerAsync");
  return copy(to, from, size);
}

static cudaError_t copy_rows(void *to, size_t to_pitch, const void *from, size_t from_pitch,
                             size_t width, size_t height) {
  for (size_t row = 0; row < height; row++)
    memmove((char *)to + row * to_pitch, (const char *)from + row * from_pitch, width);
  return cudaSuccess;
}

PUBLIC cudaError_t cudaMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch,
                                size_t width, size_t height, enum cudaMemcpyKind kind) {
  ENTER("cudaMemcpy2D");
  return copy_rows(to, to_pitch, from, from_pitch, width, height);
}

PUBLIC cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from,
                                     size_t from_pitch, size_t width, size_t height,
                                     enum cudaMemcpyKind kind, cudaStream_t stream) {
  ENTER("cudaMemcpy2DAsync");
  return copy_rows(to, to_pitch, from, from_pitch, width, height);
}

PUBLIC cudaError_t cudaMemset(void *to, int value, size_t size) {
  ENTER("cudaMemset");
  memset(to, value, size);
  return cudaSuccess;
}

PUBLIC cudaError_t cudaMemsetAsync(void *to, int value, size_t size, cudaStream_t stream) {
  ENTER("cudaMemsetAsync");
  memset(to, value, size);
  return cudaSuccess;
}

PUBLIC cudaError_t cudaMemAdvise(const void *pointer, size_t size, enum cudaMemoryAdvise advice,
                                 int device) {
  ENTER("cudaMemAdvise");
  return cudaSuccess;
}

PUBLIC cudaError_t cudaMemPrefetchAsync(const void *pointer, size_t size, int device,
                                        cudaStream_t stream) {
  ENTER("cudaMemPrefetchAsync");
  return cudaSuccess;
}

/* Variables of the device lie where the host's shadow of them does. */
PUBLIC cudaError_t cudaGetSymbolAddress(void **pointer, const void *symbol) {
  ENTER("cudaGetSymbolAddress");
  *pointer = (void *)symbol;
  return cudaSuccess;
}

PUBLIC cudaError_t cudaMemcpyToSymbol(const void *symbol, const void *from, size_t size,
                                      size_t offset, enum cudaMemcpyKind kind) {
  ENTER("cudaMemcpyToSymbol");
  return copy((char *)symbol + offset, from, size);
}

PUBLIC cudaError_t cudaMemcpyToSymbolAsync(const void *symbol, const void *from, size_t size,
                                           size_t offset, enum cudaMemcpyKind kind,
                                           cudaStream_t stream) {
  ENTER("cudaMemcpyToSymbolAsync");
  return copy((char *)symbol + offset, from, size);
}

/* ---- memory pools ---------------------------------------------------------------------- */

static char pools[DEVICES];

PUBLIC cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t *pool, int device) {
  ENTER("cudaDeviceGetDefaultMemPool");
  if (device < 0 || device >= devices()) return result(cudaErrorInvalidDevice);
  *pool = (cudaMemPool_t)&pools[device];
  return cudaSuccess;
}

PUBLIC cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, enum cudaMemPoolAttr attribute,
                                           void *value) {
  ENTER("cudaMemPoolGetAttribute");
  pthread_mutex_lock(&lock);
  *(uint64_t *)value = used[(char *)pool - pools];
  pthread_mutex_unlock(&lock);
  return cudaSuccess;
}

PUBLIC cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, enum cudaMemPoolAttr attribute,
                                           void *value) {
  ENTER("cudaMemPoolSetAttribute");
  return cudaSuccess;
}

PUBLIC cudaError_t cudaMemPoolSetAccess(cudaMemPool_t pool,
                                        const struct cudaMemAccessDesc *descriptions,
                                        size_t count) {
  ENTER("cudaMemPoolSetAccess");
  return cudaSuccess;
}

PUBLIC cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, size_t size) {
  ENTER("cudaMemPoolTrimTo");
  return cudaSuccess;
}

/* ---- streams and events ---------------------------------------------------------------- */

struct CUstream_st {
  unsigned flags;
  int priority;
};
struct CUevent_st {
  struct timespec time;
};

PUBLIC cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned flags,
                                                int priority) {
  ENTER("cudaStreamCreateWithPriority");
  *stream = malloc(sizeof **stream);
  **stream = (struct CUstream_st){flags, priority};
  return cudaSuccess;
}

PUBLIC cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags) {
  ENTER("cudaStreamCreateWithFlags");
  return cudaStreamCreateWithPriority(stream, flags, 0);
}

PUBLIC cudaError_t cudaStreamCreate(cudaStream_t *stream) {
  ENTER("cudaStreamCreate");
  return cudaStreamCreateWithPriority(stream, 0, 0);
}

PUBLIC cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  ENTER("cudaStreamDestroy");
  free(stream);
  return cudaSuccess;
}

PUBLIC cudaError_t cudaStreamGetPriority(cudaStream_t stream, int *priority) {
  ENTER("cudaStreamGetPriority");
  *priority = stream ? stream->priority : 0;
  return cudaSuccess;
}

PUBLIC cudaError_t cudaStreamGetFlags(cudaStream_t stream, unsigned *flags) {
  ENTER("cudaStreamGetFlags");
  *flags = stream ? stream->flags : 0;
  return cudaSuccess;
}

PUBLIC cudaError_t cudaStreamQuery(cudaStream_t stream) {
  ENTER("cudaStreamQuery");
  return cudaSuccess;
}

PUBLIC cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  ENTER("cudaStreamSynchronize");
  return cudaSuccess;
}

PUBLIC cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
  ENTER("cudaStreamWaitEvent");
  return cudaSuccess;
}

PUBLIC cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t callback,
                                         void *data, unsigned flags) {
  ENTER("cudaStreamAddCallback");
  callback(stream, cudaSuccess, data);
  return cudaSuccess;
}

PUBLIC cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *data) {
  ENTER("cudaLaunchHostFunc");
  function(data);
  return cudaSuccess;
}

PUBLIC cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags) {
  ENTER("cudaEventCreateWithFlags");
  *event = calloc(1, sizeof **event);
  return cudaSuccess;
}

PUBLIC cudaError_t cudaEventCreate(cudaEvent_t *event) {
  ENTER("cudaEventCreate");
  return cudaEventCreateWithFlags(event, 0);
}

PUBLIC cudaError_t cudaEventDestroy(cudaEvent_t event) {
  ENTER("cudaEventDestroy");
  free(event);
  return cudaSuccess;
}

PUBLIC cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  ENTER("cudaEventRecord");
  clock_gettime(CLOCK_MONOTONIC, &event->time);
  return cudaSuccess;
}

PUBLIC cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream,
                                            unsigned flags) {
  ENTER("cudaEventRecordWithFlags");
  return cudaEventRecord(event, stream);
}

PUBLIC cudaError_t cudaEventQuery(cudaEvent_t event) {
  ENTER("cudaEventQuery");
  return cudaSuccess;
}

PUBLIC cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  ENTER("cudaEventSynchronize");
  return cudaSuccess;
}

PUBLIC cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end) {
  ENTER("cudaEventElapsedTime");
  *milliseconds = (float)((double)(end->time.tv_sec - start->time.tv_sec) * 1e3 +
                          (double)(end->time.tv_nsec - start->time.tv_nsec) / 1e6);
  return cudaSuccess;
}

/* ---- what a single GPU's program never does -------------------------------------------- */

PUBLIC cudaError_t cudaStreamIsCapturing(cudaStream_t stream,
                                         enum cudaStreamCaptureStatus *status) {
  ENTER("cudaStreamIsCapturing");
  *status = cudaStreamCaptureStatusNone;
  return cudaSuccess;
}

PUBLIC cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream,
                                            enum cudaStreamCaptureStatus *status,
                                            unsigned long long *number, cudaGraph_t *graph,
                                            const cudaGraphNode_t **dependencies, size_t *count) {
  ENTER("cudaStreamGetCaptureInfo");
  *status = cudaStreamCaptureStatusNone;
  if (number) *number = 0;
  if (graph) *graph = NULL;
  if (dependencies) *dependencies = NULL;
  if (count) *count = 0;
  return cudaSuccess;
}

PUBLIC cudaError_t cudaThreadExchangeStreamCaptureMode(enum cudaStreamCaptureMode *mode) {
  ENTER("cudaThreadExchangeStreamCaptureMode");
  return cudaSuccess;
}

#define UNSUPPORTED(name, parameters)                                                  \
  PUBLIC cudaError_t name parameters {                                                 \
    ENTER(#name);                                                                      \
    return result(cudaErrorNotSupported);                                              \
  }
UNSUPPORTED(cudaStreamBeginCapture, (cudaStream_t s, enum cudaStreamCaptureMode m))
UNSUPPORTED(cudaStreamEndCapture, (cudaStream_t s, cudaGraph_t *g))
UNSUPPORTED(cudaStreamUpdateCaptureDependencies,
            (cudaStream_t s, cudaGraphNode_t *d, size_t n, unsigned f))
UNSUPPORTED(cudaGraphInstantiate, (cudaGraphExec_t * e, cudaGraph_t g, unsigned long long f))
UNSUPPORTED(cudaGraphInstantiateWithFlags,
            (cudaGraphExec_t * e, cudaGraph_t g, unsigned long long f))
UNSUPPORTED(cudaGraphLaunch, (cudaGraphExec_t e, cudaStream_t s))
UNSUPPORTED(cudaGraphUpload, (cudaGraphExec_t e, cudaStream_t s))
UNSUPPORTED(cudaGraphDestroy, (cudaGraph_t g))
UNSUPPORTED(cudaGraphExecDestroy, (cudaGraphExec_t e))
UNSUPPORTED(cudaGraphGetNodes, (cudaGraph_t g, cudaGraphNode_t *n, size_t *c))
UNSUPPORTED(cudaGraphDebugDotPrint, (cudaGraph_t g, const char *p, unsigned f))
UNSUPPORTED(cudaIpcGetMemHandle, (cudaIpcMemHandle_t * h, void *p))
UNSUPPORTED(cudaIpcOpenMemHandle, (void **p, cudaIpcMemHandle_t h, unsigned f))
UNSUPPORTED(cudaIpcCloseMemHandle, (void *p))
UNSUPPORTED(cudaIpcGetEventHandle, (cudaIpcEventHandle_t * h, cudaEvent_t e))
UNSUPPORTED(cudaIpcOpenEventHandle, (cudaEvent_t * e, cudaIpcEventHandle_t h))
UNSUPPORTED(cudaProfilerStart, (void))
UNSUPPORTED(cudaProfilerStop, (void))

/* ---- kernels --------------------------------------------------------------------------- */

struct kernel {
  const void *function;
  const char *name;
};
static struct kernel *kernels; /* a hash table whose free places have no function */
static size_t capacity, registered;

static struct kernel *place(struct kernel *table, size_t size, const void *function) {
  size_t at = ((uintptr_t)function * 0x9e3779b97f4a7c15ULL >> 20) % size;
  while (table[at].function && table[at].function != function) at = (at + 1) % size;
  return &table[at];
}

static const char *kernel_name(const void *function) {
  pthread_mutex_lock(&lock);
  const char *name = capacity ? place(kernels, capacity, function)->name : NULL;
  pthread_mutex_unlock(&lock);
  return name;
}

PUBLIC void **__cudaRegisterFatBinary(void *fat_binary) {
  void **handle = malloc(sizeof *handle);
  *handle = fat_binary;
  return handle;
}

PUBLIC void __cudaRegisterFatBinaryEnd(void **handle) { (void)handle; }

PUBLIC void __cudaUnregisterFatBinary(void **handle) { free(handle); }

PUBLIC char __cudaInitModule(void **handle) {
  return 1;
}

PUBLIC void __cudaRegisterFunction(void **handle, const char *function, char *device_function,
                                   const char *name, int threads, uint3 *tid, uint3 *bid,
                                   dim3 *block, dim3 *grid, int *warp) {
  pthread_mutex_lock(&lock);
  if (2 * (registered + 1) > capacity) {
    size_t size = capacity ? 2 * capacity : 4096;
    struct kernel *table = calloc(size, sizeof *table);
    for (size_t i = 0; i < capacity; i++)
      if (kernels[i].function) *place(table, size, kernels[i].function) = kernels[i];
    free(kernels);
    kernels = table;
    capacity = size;
  }
  struct kernel *found = place(kernels, capacity, function);
  if (found->function && strcmp(found->name, name)) {
    /* A linker that folds equal functions into one does that to kernels: --icf=all. */
    fprintf(stderr, "fake CUDA runtime: %s and %s have one function on the host\n", found->name,
            name);
    abort();
  }
  *found = (struct kernel){function, name};
  registered++;
  pthread_mutex_unlock(&lock);
}

PUBLIC void __cudaRegisterVar(void **handle, char *host, char *device, const char *name, int ext,
                              size_t size, int constant, int global) {
}

PUBLIC void __cudaRegisterManagedVar(void **handle, void **host, char *device, const char *name,
                                     int ext, size_t size, int constant, int global) {
}

static __thread struct {
  dim3 grid, block;
  size_t shared;
  void *stream;
} configuration;

PUBLIC unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared,
                                            struct CUstream_st *stream) {
  configuration.grid = grid;
  configuration.block = block;
  configuration.shared = shared;
  configuration.stream = stream;
  return 0;
}

PUBLIC cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared,
                                              void *stream) {
  *grid = configuration.grid;
  *block = configuration.block;
  *shared = configuration.shared;
  *(void **)stream = configuration.stream;
  return cudaSuccess;
}

static void write_down(const char *name) {
  static FILE *file;
  const char *path = getenv("FAKE_CUDA_LOG");
  if (!path || !*path) return;
  pthread_mutex_lock(&lock);
  if (!file) file = fopen(path, "a");
  if (file) fprintf(file, "%s\n", name), fflush(file);
  pthread_mutex_unlock(&lock);
}

static cudaError_t launch(const void *function, dim3 grid, dim3 block, size_t shared) {
  const char *name = kernel_name(function);
  if (!name) return result(cudaErrorInvalidDeviceFunction);
  size_t threads = (size_t)block.x * block.y * block.z;
  if (!grid.x || !grid.y || !grid.z || grid.x > 0x7fffffff || grid.y > 65535 || grid.z > 65535 ||
      !threads || threads > 1024 || block.z > 64)
    return result(cudaErrorInvalidConfiguration);
  if (shared > 163 << 10) return result(cudaErrorInvalidValue);
  write_down(name);
  return cudaSuccess;
}

PUBLIC cudaError_t cudaLaunchKernel(const void *function, dim3 grid, dim3 block, void **arguments,
                                    size_t shared, cudaStream_t stream) {
  ENTER("cudaLaunchKernel");
  return launch(function, grid, block, shared);
}

PUBLIC cudaError_t cudaLaunchCooperativeKernel(const void *function, dim3 grid, dim3 block,
                                               void **arguments, size_t shared,
                                               cudaStream_t stream) {
  ENTER("cudaLaunchCooperativeKernel");
  return launch(function, grid, block, shared);
}

PUBLIC cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t *settings, const void *function,
                                       void **arguments) {
  ENTER("cudaLaunchKernelExC");
  return launch(function, settings->gridDim, settings->blockDim, settings->dynamicSmemBytes);
}

PUBLIC cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *attributes,
                                         const void *function) {
  int major, minor;
  ENTER("cudaFuncGetAttributes");
  if (!kernel_name(function)) return result(cudaErrorInvalidDeviceFunction);
  capability(&major, &minor);
  memset(attributes, 0, sizeof *attributes);
  attributes->maxThreadsPerBlock = 1024;
  attributes->numRegs = 32;
  attributes->ptxVersion = attributes->binaryVersion = 10 * major + minor;
  attributes->maxDynamicSharedSizeBytes = 48 << 10;
  return cudaSuccess;
}

PUBLIC cudaError_t cudaFuncSetAttribute(const void *function, enum cudaFuncAttribute attribute,
                                        int value) {
  ENTER("cudaFuncSetAttribute");
  return kernel_name(function) ? cudaSuccess : result(cudaErrorInvalidDeviceFunction);
}

PUBLIC cudaError_t cudaFuncSetCacheConfig(const void *function, enum cudaFuncCache cache) {
  ENTER("cudaFuncSetCacheConfig");
  return kernel_name(function) ? cudaSuccess : result(cudaErrorInvalidDeviceFunction);
}

PUBLIC cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    int *count, const void *function, int threads, size_t shared, unsigned flags) {
  ENTER("cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags");
  *count = threads > 0 && threads <= 1024 ? 2048 / threads : 0;
  if (*count > 32) *count = 32;
  return cudaSuccess;
}

PUBLIC cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *count, const void *function,
                                                                 int threads, size_t shared) {
  ENTER("cudaOccupancyMaxActiveBlocksPerMultiprocessor");
  return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(count, function, threads, shared,
                                                                0);
}
