// Apart from the float engine, so that programs which simulate only do not link oneDNN.
#include "ranvier/base/error.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_engine.hpp"

namespace ranvier {

void require_matching(const Network& network, const Samples& samples) {
    const std::vector<Shape> shapes = infer_shapes(network);
    if (samples.shape() != shapes.front())
        fail(Fault::bad_input,
             "{}: images have shape {}, but the network wants {}; use the data it was trained for",
             samples.describe(), to_string(samples.shape()), to_string(shapes.front()));
    if (samples.n_classes() > shapes.back().size())
        fail(Fault::bad_input,
             "{}: there are {} classes, but the network has {} outputs; it cannot tell them apart",
             samples.describe(), samples.n_classes(), shapes.back().size());
}

void require_image_batch(const Shape& shape, const Tensor& images) {
    const bool fits = images.dims.size() == 4 && images.dims[0] >= 0 &&
                      Shape{images.dims[1], images.dims[2], images.dims[3]} == shape &&
                      images.size() == Tensor::count(images.dims);
    if (!fits)
        fail(Fault::bad_input,
             "float forward pass: the images have shape [{}]; the network wants [n, {}, {}, {}]",
             fmt::join(images.dims, ", "), shape.channels, shape.height, shape.width);
}

}  // namespace ranvier
