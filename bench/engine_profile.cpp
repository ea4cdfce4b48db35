// Where the fast engine's time goes in VGG-16 (CIFAR size), layer by layer against what one core
// can do at most, and how the time grows with timesteps, samples, spikes and threads. Writes JSON:
//
//     engine_profile FILE
//
// Bounds of a layer, from peaks that are measured in the same run: vector operations on data in the
// first-level cache, and bytes of weights from the second level. The later of the two holds.
#include "ranvier/base/aligned.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/energy/ledger.hpp"
#include "ranvier/engine/fast_engine.hpp"
#include "ranvier/engine/fast_run.hpp"
#include "ranvier/kernels/isa.hpp"
#include "ranvier/kernels/rows.hpp"

#include "spiking_networks.hpp"
#include "timing.hpp"
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

namespace ranvier::bench {
namespace {

using Json = nlohmann::ordered_json;

/// Additions of floats per second, from `bytes` of memory; best of some runs.
double adds_per_second(std::size_t bytes) {
    const AlignedVector<float> values(bytes / sizeof(float), 0.5F);
    AlignedVector<float> out(16);
    double best = 0;
    for (int k = 0; k < 20; ++k) {
        std::uint64_t done = 0;
        const double time = seconds(
            [&] { done = add_peak(values.data(), values.size(), (64 << 20) / bytes, out.data()); });
        best = std::max(best, static_cast<double>(done) / time);
    }
    return best;
}

struct Peaks {
    double vectors = adds_per_second(32 << 10) / 16;   ///< vector operations per second
    double l2_bytes = adds_per_second(512 << 10) * 4;  ///< bytes per second
};

/// What adding one event to 64 outputs costs at least: vector operations and bytes of weights.
struct RowCost {
    double operations, bytes;
};
RowCost row_cost(Weights weights, double n_out) {
    if (weights == Weights::float32)
        return {4, 0};  // tiles stay in the first level for the most part
    if (weights == Weights::int8) return {3, 64};
    // Two operations in a carry-save adder; up to 512 outputs share a vector.
    return n_out < 128 ? RowCost{1, 64} : RowCost{2 * 64 / std::min(n_out, 512.0), 8};
}

Json profile_layers(Weights weights, int steps, std::size_t chunk, const Peaks& peaks) {
    const Network network = spiking_vgg16(1, steps, weights);
    const FastPlan plan(network);
    constexpr std::size_t n_slots = 4;
    constexpr std::size_t n_images = 16;
    const MemorySamples samples = random_samples(network, n_images, 2);
    Crew crew(1);
    FastRun run(plan, n_slots, chunk, crew);
    std::vector<std::size_t> slots(n_slots);
    std::iota(slots.begin(), slots.end(), 0U);
    std::vector<float> image(static_cast<std::size_t>(samples.shape().size()));
    std::vector<double> warm;
    for (std::size_t first = 0; first < n_images; first += n_slots) {
        if (first == n_slots) warm = run.seconds();
        for (const std::size_t slot : slots) {
            samples.read(first + slot, image);
            run.begin(slot, image);
        }
        for (int done = 0; done < steps; done += static_cast<int>(chunk))
            run.advance(slots, std::min(chunk, static_cast<std::size_t>(steps - done)));
    }
    const SimulationResult result = make_fast_engine(network)->run(samples, {}, no_progress());
    const Ledger ledger = spiking_ledger(network, result, {});
    Json layers = Json::array();
    for (std::size_t p = 0; p < warm.size(); ++p) {
        const std::size_t l = plan.layer_of(p);
        const Layer& layer = network.layers[l];
        const double ms = 1e3 * (run.seconds()[p] - warm[p]) / (n_images - n_slots);
        const std::size_t source = layer.inputs[0];  // the synapses before neurons
        const double synops = ledger.layers[source].synops;
        Json row = {{"layer", layer.name},
                    {"ms", ms},
                    {"rate", ledger.layers[l].spikes_per_neuron / steps}};
        if (layer.as<Activation>() != nullptr && synops > 0) {
            const auto n_out = static_cast<double>(plan.reference().shapes[l].channels);
            const RowCost cost = row_cost(weights, n_out);
            const double compute = 1e3 * synops / 64 * cost.operations / peaks.vectors;
            const double l2 = 1e3 * synops / 64 * cost.bytes / peaks.l2_bytes;
            row["synops"] = synops;
            row["bound"] = compute > l2 ? "compute" : "L2";
            row["bound_ms"] = std::max(compute, l2);
            row["fraction"] = std::max(compute, l2) / ms;
        }
        layers.push_back(row);
    }
    return layers;
}

/// Milliseconds per image, best of three.
double per_image(const SpikingEngine& engine, const Samples& samples, int steps, int threads) {
    double best = 1e9;
    for (int k = 0; k < 3; ++k)
        best = std::min(best, seconds([&] {
                            (void)engine.run(samples, {.n_threads = threads, .steps = steps},
                                             no_progress());
                        }));
    return 1e3 * best / static_cast<double>(samples.size());
}

Json profile_growth() {
    const Network network = spiking_vgg16(1, 16, Weights::float32);
    const auto engine = make_fast_engine(network);
    const int all = thread_count(0);
    const auto point = [&](const SpikingEngine& e, double x, const Samples& samples, int steps) {
        return Json{{"x", x},
                    {"one_thread_ms", per_image(e, samples, steps, 1)},
                    {"all_threads_ms", per_image(e, samples, steps, all)}};
    };
    Json growth;
    const MemorySamples many = random_samples(network, 16, 2);
    for (const int steps : {4, 8, 16, 32, 64, 100})
        growth["timesteps"].push_back(point(*engine, steps, many, steps));
    for (const std::size_t n : {1, 2, 4, 8, 16, 32})
        growth["samples"].push_back(
            point(*engine, static_cast<double>(n), random_samples(network, n, 2), 16));
    for (const float factor : {4.0F, 2.0F, 1.0F, 0.5F, 0.25F, 0.125F}) {
        Network other = network;
        for (Layer& layer : other.layers)
            if (auto* activation = layer.as<Activation>())
                activation->neuron.threshold[0] *= factor;
        const auto e = make_fast_engine(other);
        const SimulationResult result = e->run(many, {}, no_progress());
        double spikes = 0;
        double neurons = 0;
        for (std::size_t l = 0; l < result.spikes.size(); ++l) {
            if (other.layers[l].as<Activation>() == nullptr) continue;
            neurons += static_cast<double>(result.spikes[l].size());
            for (const std::uint64_t n : result.spikes[l]) spikes += static_cast<double>(n);
        }
        growth["rate"].push_back(point(*e, spikes / neurons / 16 / 16, many, 16));
    }
    return growth;
}

}  // namespace
}  // namespace ranvier::bench

int main(int argc, char** argv) {
    using namespace ranvier::bench;
    if (argc != 2) {
        std::fputs("usage: engine_profile FILE\n", stderr);
        return 2;
    }
    const Peaks peaks;
    Json json = {{"command", "script/bench"},
                 {"instruction_set", ranvier::isa_in_use()},
                 {"threads", ranvier::thread_count(0)},
                 {"peak_vector_operations_per_second", peaks.vectors},
                 {"peak_l2_bytes_per_second", peaks.l2_bytes}};
    json["layers"]["float32"] = profile_layers(Weights::float32, 16, 16, peaks);
    json["layers"]["int8"] = profile_layers(Weights::int8, 16, 16, peaks);
    json["layers"]["binary"] = profile_layers(Weights::binary, 100, 20, peaks);
    json["growth"] = profile_growth();
    const std::string text = json.dump(1);
    std::puts(text.c_str());
    std::ofstream(argv[1]) << text << '\n';
}
