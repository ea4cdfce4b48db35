#include "ranvier/train/synop_loss.hpp"

#include "ranvier/net/fan_out.hpp"

namespace ranvier {

SynopCounter::SynopCounter(const Network& network, SynopPenalty penalty)
    : fan_outs_(activation_fan_outs(network)) {
    if (penalty == SynopPenalty::activations)
        for (double& fan_out : fan_outs_) fan_out = fan_out > 0 ? 1 : 0;
}

torch::Tensor SynopCounter::count(const std::vector<torch::Tensor>& activations) const {
    torch::Tensor total;
    for (std::size_t l = 0; l < fan_outs_.size(); ++l) {
        if (fan_outs_[l] == 0) continue;
        const torch::Tensor& a = activations.at(l);
        const torch::Tensor synops = a.sum() * (fan_outs_[l] / static_cast<double>(a.size(0)));
        total = total.defined() ? total + synops : synops;
    }
    return total.defined() ? total : torch::zeros({});
}

torch::Tensor synop_loss(const torch::Tensor& synops, double target) {
    return ((synops - target) / target).square();
}

}  // namespace ranvier
