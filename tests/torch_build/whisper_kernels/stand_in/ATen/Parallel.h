// In the place of PyTorch's: the number of threads is what the test says.
#pragma once

namespace at {
int get_num_threads();
}
