#pragma once

// The part of LibTorch that training uses: tensors with gradients. Half as long to compile as
// torch/torch.h, and precompiled; still only for source files of this part that need it.
#include <torch/types.h>
#include <torch/utils.h>
