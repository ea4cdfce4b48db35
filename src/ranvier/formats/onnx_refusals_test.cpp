#include "ranvier/formats/onnx_test_model.hpp"
