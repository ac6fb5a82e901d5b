// Functionalisation rewrites changes in place for compilers and is not built; no tensor is its.

#include <ATen/FunctionalTensorWrapper.h>

namespace at::functionalization::impl {

bool isFunctionalTensor(const at::Tensor& /*tensor*/) { return false; }
bool isFunctionalTensor(const std::optional<Tensor>& /*tensor*/) { return false; }
bool isFunctionalTensor(ITensorListRef /*list*/) { return false; }
bool isBaseTensor(const at::Tensor& /*tensor*/) { return true; }

// Kept with the state of a thread, which is carried to the threads that it starts.
bool getFunctionalizationReapplyViewsTLS() { return false; }
void setFunctionalizationReapplyViewsTLS(bool /*reapply*/) {}

} // namespace at::functionalization::impl
