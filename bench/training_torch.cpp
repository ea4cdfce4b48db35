#include "training_torch.hpp"

#include "ranvier/base/tensor.hpp"

namespace ranvier::bench {

namespace nn = torch::nn;

namespace {

constexpr std::array<int, 3> stages = {32, 64, 128};
constexpr auto channels_last = torch::MemoryFormat::ChannelsLast;

Tensor copy_of(const torch::Tensor& tensor) {
    const torch::Tensor plain = tensor.detach().contiguous();
    const float* begin = plain.data_ptr<float>();
    return {plain.sizes().vec(), std::vector<float>(begin, begin + plain.numel())};
}

}  // namespace

TorchVgg::TorchVgg(std::uint64_t seed) {
    torch::manual_seed(seed);
    std::int64_t n_in = 3;
    for (const int n_out : stages) {
        for (int k = 0; k < 2; ++k) {
            features_->push_back(
                nn::Conv2d(nn::Conv2dOptions(n_in, n_out, 3).padding(1).bias(false)));
            features_->push_back(nn::BatchNorm2d(n_out));
            features_->push_back(nn::ReLU(nn::ReLUOptions(true)));
            n_in = n_out;
        }
        features_->push_back(nn::MaxPool2d(nn::MaxPool2dOptions(2)));
    }
    classifier_->push_back(nn::Linear(n_in * 16, 256));
    classifier_->push_back(nn::ReLU(nn::ReLUOptions(true)));
    classifier_->push_back(nn::Dropout(0.5));
    classifier_->push_back(nn::Linear(256, 10));
    register_module("features", features_);
    register_module("classifier", classifier_);
    for (torch::Tensor& parameter : parameters())
        if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(channels_last));
}

torch::Tensor TorchVgg::forward(const torch::Tensor& images) {
    return classifier_->forward(features_->forward(images).flatten(1));
}

Network TorchVgg::network() {
    Network network;
    const auto add = [&](Operation operation) {
        const std::size_t l = network.layers.size();
        std::vector<std::size_t> inputs;
        if (l > 0) inputs.push_back(l - 1);
        network.layers.push_back({"layer" + std::to_string(l), inputs, std::move(operation)});
    };
    const auto add_linear = [&](const std::shared_ptr<nn::Module>& module) {
        const auto* linear = module->as<nn::Linear>();
        add(Linear{copy_of(linear->weight), copy_of(linear->bias)});
    };
    const Window same{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
    const Window half{2, 2, 2, 2, 0, 0, 0, 0, 1, 1};
    add(Input{{3, 32, 32}, {}, {}});
    for (const auto& module : features_->children()) {
        if (const auto* conv = module->as<nn::Conv2d>()) {
            add(Convolution{same, 1, copy_of(conv->weight), {}});
        } else if (const auto* norm = module->as<nn::BatchNorm2d>()) {
            add(BatchNorm{copy_of(norm->weight), copy_of(norm->bias), copy_of(norm->running_mean),
                          copy_of(norm->running_var)});
            add(Activation{});
        } else if (module->as<nn::MaxPool2d>() != nullptr) {
            add(MaxPool{half, false, {}});
        }
    }
    add(Flatten{});
    add_linear(classifier_->children()[0]);
    add(Activation{});
    add(Dropout{0.5F});
    add_linear(classifier_->children()[3]);
    add(Output{});
    return network;
}

TorchTraining::TorchTraining(TorchVgg& model, const torch::Tensor& images, torch::Tensor labels,
                             std::int64_t batch)
    : model_(model),
      images_(images.contiguous(channels_last)),
      labels_(std::move(labels)),
      batch_(batch),
      optimizer_(model.parameters(),
                 torch::optim::SGDOptions(0.01).momentum(0.9).weight_decay(5e-4)) {
    model_.train();
}

double TorchTraining::epoch() {
    double sum = 0;
    const std::int64_t n = images_.size(0);
    for (std::int64_t begin = 0; begin < n; begin += batch_) {
        const std::int64_t count = std::min(batch_, n - begin);
        const torch::Tensor labels = labels_.narrow(0, begin, count);
        const torch::Tensor outputs = model_.forward(images_.narrow(0, begin, count));
        const torch::Tensor loss = torch::cross_entropy_loss(outputs, labels);
        optimizer_.zero_grad();
        loss.backward();
        optimizer_.step();
        sum += loss.item<double>() * static_cast<double>(count);
    }
    return sum / static_cast<double>(n);
}

}  // namespace ranvier::bench
