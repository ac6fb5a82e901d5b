// Storages that several processes share need upstream's manager of shared memory, which is not in
// this build: no methods.

#include <torch/csrc/python_headers.h>

#include <torch/csrc/StorageSharing.h>

PyMethodDef* THPStorage_getSharingMethods() {
  static PyMethodDef none[] = {{nullptr, nullptr, 0, nullptr}};
  return none;
}
