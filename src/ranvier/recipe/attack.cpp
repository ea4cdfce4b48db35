#include "ranvier/recipe/attack.hpp"

#include "ranvier/base/file.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/data/image_file.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/recipe/version.hpp"
#include "ranvier/report/table.hpp"
#include "ranvier/sim/float_engine.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

namespace ranvier {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// What a network makes of images.
struct Decisions {
    std::vector<int> classes;  ///< [n]
    double cross_entropy = 0;  ///< mean
};

std::size_t count_equal(const std::vector<int>& a, const std::vector<int>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), std::size_t{0}, std::plus<>(),
                              [](int x, int y) { return x == y ? std::size_t{1} : 0; });
}

/// @param outputs  [n][n_out]. @param scale  factor of the outputs in the loss.
Decisions decisions_of(const Tensor& outputs, const std::vector<int>& labels, double scale) {
    const auto n_out = static_cast<std::size_t>(outputs.dims.at(1));
    Decisions decisions;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const std::span<const float> row(outputs.values.data() + i * n_out, n_out);
        const auto largest = std::max_element(row.begin(), row.end());
        decisions.classes.push_back(static_cast<int>(largest - row.begin()));
        double sum = 0;
        for (const float output : row)
            sum += std::exp(scale * (static_cast<double>(output) - static_cast<double>(*largest)));
        const auto right = static_cast<double>(row[static_cast<std::size_t>(labels[i])]);
        decisions.cross_entropy += std::log(sum) + scale * (static_cast<double>(*largest) - right);
    }
    decisions.cross_entropy /= static_cast<double>(labels.size());
    return decisions;
}

/// A network with a number of timesteps and a leak of a sweep.
struct Variant {
    Network network;
    std::optional<int> steps;
    std::optional<double> leak;
    Decisions clean;
};

bool is_rate_coded(const Network& network) {
    return network.spiking() && !is_phase_code(network.timing.input);
}

std::vector<Variant> variants_of(const Network& network, const AttackStage& attack) {
    if (!attack.steps.empty() && !is_rate_coded(network))
        fail(Fault::usage,
             "attack: timesteps are for rate-coded spiking networks, and this is another one; "
             "leave them out");
    std::vector<std::optional<int>> steps(attack.steps.begin(), attack.steps.end());
    std::vector<std::optional<double>> leaks(attack.leaks.begin(), attack.leaks.end());
    if (steps.empty()) steps.emplace_back();
    if (leaks.empty()) leaks.emplace_back();
    std::vector<Variant> variants;
    for (const auto& step : steps)
        for (const auto& leak : leaks) {
            Variant variant{network, step, leak, {}};
            if (step) variant.network.timing.steps = *step;
            if (leak) set_leak(variant.network, *leak);
            variants.push_back(std::move(variant));
        }
    return variants;
}

/// What images are crafted on.
const Network& crafting_network(const Network& network, const AttackRequest& request) {
    return request.crafted_on == nullptr ? network : *request.crafted_on;
}

void require_gradient_use(const Network& network, const AttackRequest& request) {
    const std::string& key = request.attack.gradient_key;
    if (key.empty() || crafting_network(network, request).spiking()) return;
    fail(Fault::usage,
         "attack: {} has no effect here; it needs a spiking network that images are crafted on, "
         "and this one is a float network; leave it out, or change that",
         key);
}

/// Images, and how long it took to craft them.
struct Crafted {
    AttackedImages attacked;
    double seconds = 0;
};

/// "float", or what of a spiking network was followed.
std::string gradient_name(const AttackedImages& attacked) {
    return attacked.gradient == SpikeGradient::automatic ? "float" : name_of(attacked.gradient);
}

/// A file name that sorts.
std::string image_name(std::size_t index, int label) {
    return fmt::format("{:05}_label{}", index, label);
}

class AttackRun {
public:
    AttackRun(const Network& network, const AttackRequest& request, const RunContext& context)
        : request_(request), context_(context), variants_(variants_of(network, request.attack)) {
        require_gradient_use(network, request);
        DataOptions data = request.data;
        data.shape = network.input().shape;
        data.limit = request.attack.limit;
        const std::unique_ptr<Samples> samples = open_dataset(data);
        require_images(*samples);
        description_ = samples->describe();
        n_classes_ = samples->n_classes();
        images_ = read_batch(*samples, 0, samples->size());
        for (std::size_t i = 0; i < samples->size(); ++i) labels_.push_back(samples->label(i));
        require_classes(network);
    }

    Json run() {
        const AttackStage& attack = request_.attack;
        save(images_, "clean", nullptr);
        for (Variant& variant : variants_) variant.clean = decisions(variant.network, images_);
        for (const AttackMethod method : attack.methods)
            for (const double epsilon : attack.epsilons) add_rows(method, epsilon);
        return result();
    }

private:
    /// Those that fit a network one by one, with labels.
    void require_images(const Samples& samples) const {
        if (samples.timed() || samples.node_labels() != nullptr)
            fail(Fault::unsupported,
                 "attack: {} are no images with pixels in [0, 1], on which attacks are defined",
                 samples.describe());
        if (samples.size() == 0)
            fail(Fault::bad_input, "attack: {} has no images; choose another --data or --split",
                 samples.describe());
        const std::int64_t channels = samples.shape().channels;
        if (!request_.images.empty() && channels != 1 && channels != 3)
            fail(Fault::unsupported,
                 "attack: images of {} channels cannot be saved as PNG; 1 and 3 can", channels);
    }

    void require_classes(const Network& network) const {
        for (const Network* one : {&network, request_.crafted_on}) {
            if (one == nullptr) continue;
            const Shape output = infer_shapes(*one).back();
            if (one->input().shape != network.input().shape || output.plane() != 1 ||
                output.channels < n_classes_)
                fail(Fault::bad_input,
                     "attack: {} ({} classes) need a network from {} to at least {}x1x1, and this "
                     "one goes from {} to {}",
                     description_, n_classes_, to_string(network.input().shape), n_classes_,
                     to_string(one->input().shape), to_string(output));
        }
    }

    /// As `ranvier evaluate` would run the network on the images.
    [[nodiscard]] Decisions decisions(const Network& network, const Tensor& images) const {
        const MemorySamples samples(
            {network.input().shape, n_classes_, labels_, images.values, "attacked"});
        if (!network.spiking()) {
            FloatOptions options;
            options.n_threads = context_.n_threads;
            options.keep_logits = true;
            return decisions_of(
                evaluate_float(network, samples, options, *context_.progress).logits, labels_, 1);
        }
        SimulationOptions options;
        options.seed = context_.seed;
        options.n_threads = context_.n_threads;
        options.keep_logits = true;
        const auto engine = make_spiking_engine(network, EngineKind::automatic);
        const SimulationResult run = engine->run(samples, options, *context_.progress);
        return decisions_of(run.logits, labels_,
                            is_rate_coded(network) ? 1.0 / network.timing.steps : 1.0);
    }

    [[nodiscard]] Crafted craft(const Network& network, AttackMethod method, double epsilon) const {
#if RANVIER_CAN_TRAIN
        AttackOptions options = request_.attack.options;
        options.method = method;
        options.epsilon = epsilon;
        options.seed = context_.seed;
        options.n_threads = context_.n_threads;
        options.device = context_.device.value_or(options.device);
        const auto begin = std::chrono::steady_clock::now();
        AttackedImages attacked = attack(network, images_, labels_, options, *context_.progress);
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
        return {std::move(attacked), seconds.count()};
#else
        (void)network, (void)method, (void)epsilon;
        fail(Fault::unsupported,
             "attack: this program was built without LibTorch; install libtorch-dev and build with "
             "-DRANVIER_TRAIN=ON (the default)");
#endif
    }

    void add_rows(AttackMethod method, double epsilon) {
        std::optional<Crafted> crafted;
        for (const Variant& variant : variants_) {
            if (!crafted || request_.crafted_on == nullptr)
                crafted = craft(crafting_network(variant.network, request_), method, epsilon);
            add_row(method, epsilon, variant, crafted->attacked);
            rows_.back()["crafting_seconds"] = crafted->seconds;
        }
    }

    void add_row(AttackMethod method, double epsilon, const Variant& variant,
                 const AttackedImages& attacked) {
        const Decisions now = decisions(variant.network, attacked.images);
        const auto n = static_cast<double>(labels_.size());
        const std::size_t correct = count_equal(now.classes, labels_);
        const double accuracy = static_cast<double>(correct) / n;
        const double clean = static_cast<double>(count_equal(variant.clean.classes, labels_)) / n;
        Json row = {{"method", name_of(method)},
                    {"epsilon", epsilon},
                    {"timesteps", variant.network.timing.steps}};
        if (variant.leak) row["leak"] = *variant.leak;
        row.update({{"accuracy", accuracy},
                    {"accuracy_standard_error", std::sqrt(accuracy * (1 - accuracy) / n)},
                    {"correct", correct},
                    {"samples", labels_.size()},
                    {"clean_accuracy", clean},
                    {"adversarial_loss", clean - accuracy},
                    {"clean_cross_entropy", variant.clean.cross_entropy},
                    {"cross_entropy", now.cross_entropy},
                    {"gradient", gradient_name(attacked)},
                    {"without_gradient", static_cast<double>(attacked.without_gradient) / n}});
        if (!attacked.targets.empty()) row["target_rate"] = target_rate(now, attacked.targets);
        rows_.push_back(std::move(row));
        std::string folder =
            fmt::format("{}_epsilon{}", name_of(method), static_cast<float>(epsilon));
        if (variant.steps) folder += fmt::format("_steps{}", *variant.steps);
        if (variant.leak) folder += fmt::format("_leak{}", static_cast<float>(*variant.leak));
        save(attacked.images, folder, &now.classes);
    }

    [[nodiscard]] double target_rate(const Decisions& now, const std::vector<int>& targets) const {
        std::size_t others = 0, taken = 0;
        for (std::size_t i = 0; i < targets.size(); ++i) {
            if (targets[i] == labels_[i]) continue;
            ++others;
            taken += now.classes[i] == targets[i] ? 1 : 0;
        }
        return others == 0 ? 0 : static_cast<double>(taken) / static_cast<double>(others);
    }

    /// @param classes  that the network found; null: not shown in the names.
    void save(const Tensor& images, const std::string& folder,
              const std::vector<int>* classes) const {
        if (request_.images.empty()) return;
        const fs::path out = request_.images / folder;
        for (std::size_t i = 0; i < labels_.size(); ++i) {
            std::string name = image_name(i, labels_[i]);
            if (classes != nullptr) name += fmt::format("_as{}", classes->at(i));
            write_file(out / (name + ".png"), encode_png(picture(images, i)));
        }
    }

    /// Pixels between two byte values go to the one nearer the clean image, so that the picture
    /// stays within epsilon too.
    [[nodiscard]] ByteImage picture(const Tensor& images, std::size_t index) const {
        ByteImage image{static_cast<int>(images.dims[1]),
                        static_cast<int>(images.dims[2]),
                        static_cast<int>(images.dims[3]),
                        {}};
        const auto channels = static_cast<std::size_t>(image.channels);
        const auto plane = static_cast<std::size_t>(image.height * image.width);
        const float* pixels = images.values.data() + index * channels * plane;
        const float* clean = images_.values.data() + index * channels * plane;
        constexpr double rounding = 1e-3;  // of byte values that float32 has not quite
        for (std::size_t p = 0; p < plane; ++p)
            for (std::size_t c = 0; c < channels; ++c) {
                const std::size_t i = c * plane + p;
                const double value = 255.0 * pixels[i];
                image.values.push_back(
                    static_cast<std::uint8_t>(pixels[i] > clean[i] ? std::floor(value + rounding)
                                                                   : std::ceil(value - rounding)));
            }
        return image;
    }

    [[nodiscard]] Json result() const {
        const AttackOptions& options = request_.attack.options;
        Json json = rows_.back();
        json["rows"] = rows_;
        json["target"] = target_name(options);
        json["pgd"] = {{"step", options.step},
                       {"iterations", options.iterations},
                       {"random_start", options.random_start}};
        if (rows_.back()["gradient"] == name_of(SpikeGradient::through_time))
            json["surrogate"] = {{"kind", name_of(options.surrogate.kind)},
                                 {"scale", options.surrogate.scale},
                                 {"decay", options.surrogate.decay}};
        json["network_file"] = request_.network_file;
        json["crafted_on"] = request_.attack.crafted_on;
        json["data"] = description_;
        json["data_set"] = request_.data.set;
        json["split"] = name_of(request_.data.split);
        json["seed"] = context_.seed;
        json["threads"] = thread_count(context_.n_threads);
        json["command"] = context_.command_line;
        json["versions"] = versions();
        return json;
    }

    const AttackRequest& request_;
    const RunContext& context_;
    std::vector<Variant> variants_;
    std::string description_;
    int n_classes_ = 0;
    Tensor images_;
    std::vector<int> labels_;
    std::vector<Json> rows_;
};

}  // namespace

Json run_attack(const Network& network, const AttackRequest& request, const RunContext& context) {
    return AttackRun(network, request, context).run();
}

std::string attack_text(const Json& result) {
    const Json& rows = result.at("rows");
    const auto shown = [&](const char* key) { return rows.at(0).contains(key); };
    std::vector<std::string> header = {"attack", "epsilon"};
    if (rows.at(0).at("timesteps") > 0) header.emplace_back("timesteps");
    if (shown("leak")) header.emplace_back("leak");
    for (const char* title :
         {"clean", "attacked", "lost", "cross entropy", "then", "gradient", "no gradient"})
        header.emplace_back(title);
    if (shown("target_rate")) header.emplace_back("taken for target");
    Table table(header);
    for (const Json& row : rows) {
        const auto number = [&](const char* key) { return row.at(key).get<double>(); };
        std::vector<std::string> cells = {row.at("method").get<std::string>(),
                                          fmt::format("{:.4f}", number("epsilon"))};
        if (number("timesteps") > 0) cells.push_back(fmt::format("{}", number("timesteps")));
        if (row.contains("leak")) cells.push_back(fmt::format("{}", number("leak")));
        for (const char* key : {"clean_accuracy", "accuracy"})
            cells.push_back(percent_text(number(key)));
        cells.push_back(fmt::format("{:.2f} points", 100 * number("adversarial_loss")));
        for (const char* key : {"clean_cross_entropy", "cross_entropy"})
            cells.push_back(fmt::format("{:.4f}", number(key)));
        cells.push_back(row.value("gradient", "-"));
        cells.push_back(percent_text(number("without_gradient")));
        if (row.contains("target_rate")) cells.push_back(percent_text(number("target_rate")));
        table.add_row(cells);
    }
    return table.text();
}

}  // namespace ranvier
