#include "ranvier/stdp/train.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/data/test_files.hpp"
#include "ranvier/stdp/checkpoint.hpp"
#include "ranvier/stdp/model_file.hpp"
#include "ranvier/stdp/test_models.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

using namespace testing;

/// Bright in one of two places, with noise: two classes that can be told apart.
MemorySamples two_classes(std::size_t n, std::uint64_t seed) {
    Random random(seed, 1);
    std::vector<int> labels;
    std::vector<float> pixels;
    for (std::size_t k = 0; k < n; ++k) {
        labels.push_back(static_cast<int>(random.below(2)));
        for (int i = 0; i < 64; ++i) {
            const bool bright = (i < 32) == (labels.back() == 0);
            pixels.push_back((bright ? 0.7F : 0.0F) + 0.2F * random.uniform());
        }
    }
    return MemorySamples({{1, 8, 8}, 2, labels, pixels, "two classes"});
}

StdpModel small_model() {
    return make_stdp_model(lively_options(LeakyForm::conductance, 12), {1, 8, 8}, 2);
}

std::string file_of(const StdpModel& model) {
    return encode_safetensors(model_tensors(model));
}

TEST(TrainStdp, TellsTwoClassesApart) {
    const MemorySamples samples = two_classes(300, 1);
    const StdpTraining training = train_stdp(small_model(), samples, {}, no_progress());
    EXPECT_EQ(training.counts.images, 300U);
    EXPECT_EQ(training.counts.synaptic_events, 12 * training.counts.input_spikes);
    const Voting voting(class_responses(training.model, samples, 1, no_progress()),
                        Readout::mean_rate);
    const StdpEvaluation result =
        evaluate_stdp(training.model, voting, two_classes(200, 2), 1, no_progress());
    EXPECT_EQ(result.counts.images, 200U);
    EXPECT_GE(result.accuracy(), 0.95);
}

TEST(TrainStdp, PrunesAndQuantizesAtTheEnd) {
    StdpTrainOptions options;
    options.prune = {PruneKind::permanent, 0.1F, 2, 50, 0};
    const StdpTraining training =
        train_stdp(small_model(), two_classes(120, 1), options, no_progress());
    EXPECT_LT(training.model.n_synapses(), 12U * 64);
    for (std::size_t i = 0; i < 64; ++i)
        for (std::size_t j = 0; j < 12; ++j) {
            const float w = training.model.weights.at(i, j);
            EXPECT_TRUE(w == 0 || w == 0.1F || w == 1) << w;
            EXPECT_EQ(w > 0, training.model.alive.at(i, j));
        }
    EXPECT_LT(training.counts.synaptic_events, 12 * training.counts.input_spikes);
}

TEST(TrainStdp, AnswersDoNotDependOnThreads) {
    const MemorySamples samples = two_classes(60, 1);
    const StdpModel model = small_model();
    const auto evaluate = [&](int n_threads) {
        const ClassResponses responses = class_responses(model, samples, n_threads, no_progress());
        const Voting voting(responses, Readout::proportion);
        const StdpEvaluation result =
            evaluate_stdp(model, voting, samples, n_threads, no_progress());
        return std::tuple(responses.mean(3, 1), voting.labels(), result.correct, result.counts);
    };
    EXPECT_EQ(evaluate(1), evaluate(3));
}

/// Stops the training by an exception after so many images.
class Stopper : public Progress {
public:
    explicit Stopper(int n) : left_(n) {}
    void advance(std::uint64_t units) override {
        if (units == 1 && --left_ == 0) throw Error(Fault::io, "stopped");
    }

private:
    int left_;
};

TEST(TrainStdp, ContinuesWhereItStopped) {
    const TemporaryFolder folder;
    const MemorySamples samples = two_classes(50, 1);
    StdpTrainOptions options;
    options.epochs = 2;
    options.prune = {PruneKind::soft, 0.1F, 4, 30, 5};
    const StdpTraining whole = train_stdp(small_model(), samples, options, no_progress());
    options.checkpoint = folder.path() / "checkpoint";
    options.checkpoint_every = 20;
    Stopper stopper(75);
    EXPECT_THROW((void)train_stdp(small_model(), samples, options, stopper), Error);
    const StdpTraining rest = train_stdp(small_model(), samples, options, no_progress());
    EXPECT_EQ(rest.trained_here, 40U);  // from 60 to 100
    EXPECT_EQ(rest.counts, whole.counts);
    EXPECT_EQ(file_of(rest.model), file_of(whole.model));
}

TEST(TrainStdp, RefusesCheckpointsOfAnotherTraining) {
    const TemporaryFolder folder;
    StdpTrainOptions options;
    options.checkpoint = folder.path() / "checkpoint";
    options.checkpoint_every = 10;
    (void)train_stdp(small_model(), two_classes(10, 1), options, no_progress());
    options.epochs = 3;
    expect_error(Fault::bad_input, {"checkpoint", "another training", "delete it"}, [&] {
        (void)train_stdp(small_model(), two_classes(10, 1), options, no_progress());
    });
    folder.write("checkpoint", "not a checkpoint");
    expect_error(Fault::bad_input, {"checkpoint"}, [&] {
        (void)train_stdp(small_model(), two_classes(10, 1), options, no_progress());
    });
}

TEST(TrainStdp, RefusesImagesOfAnotherSize) {
    const StdpModel model = make_stdp_model(StdpOptions{}, {1, 5, 5}, 1);
    expect_error(Fault::bad_input, {"1x8x8", "1x5x5"},
                 [&] { (void)train_stdp(model, two_classes(5, 1), {}, no_progress()); });
}

}  // namespace
}  // namespace ranvier
