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

}  // namespace ranvier
