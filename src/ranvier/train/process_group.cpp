// The only file that includes c10d, whose C++ headers differ between LibTorch 1.13 and 2.x.
#include "ranvier/train/process_group.hpp"

#include "ranvier/base/error.hpp"

#if !RANVIER_CAN_DISTRIBUTE

namespace ranvier {

std::unique_ptr<ProcessGroup> connect_processes(const Launch& launch) {
    if (launch.size == 1) return std::make_unique<ProcessGroup>();
    fail(Fault::unsupported,
         "this program was built for one process, and {} were started; install libgloo-dev and "
         "build with -DRANVIER_DISTRIBUTED=ON (the default), or set RANVIER_LAUNCHER=none",
         launch.size);
}

}  // namespace ranvier

#else

#include "ranvier/train/heartbeats.hpp"
#include "ranvier/train/tensor_group.hpp"

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <cstdlib>
#include <thread>
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

namespace ranvier {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto look_interval = 200ms;
/// After a connection broke: who is silent for so long is the one that was lost.
constexpr auto death = 4s;
/// Parts of the work may take any time; who is lost is known from heartbeats, not from waiting.
constexpr auto never = std::chrono::hours(24 * 365);

/// So long that a busy machine does not look dead, and few enough messages for many processes.
std::chrono::milliseconds beat_period(int size) {
    return std::max(500ms, 10ms * size);
}

c10::intrusive_ptr<c10d::TCPStore> open_store(const Launch& launch) {
    c10d::TCPStoreOptions options;
    options.port = static_cast<std::uint16_t>(launch.port);
    options.isServer = launch.rank == 0;
    options.waitWorkers = false;
    options.timeout = launch.patience;
    try {
        return c10::make_intrusive<c10d::TCPStore>(launch.address, options);
    } catch (const std::exception& error) {
        if (launch.rank == 0)
            fail(Fault::io,
                 "process 0 cannot listen at port {}: is it taken? Set MASTER_PORT to another ({})",
                 launch.port, error.what());
        fail(Fault::io,
             "process {} of {} found no process 0 at {}:{} within {} s; start all processes, and "
             "see that MASTER_ADDR and MASTER_PORT are the same everywhere ({})",
             launch.rank, launch.size, launch.address, launch.port, launch.patience.count(),
             error.what());
    }
}

void wait_for_all(c10d::TCPStore& store, const Launch& launch) {
    const auto deadline = Clock::now() + launch.patience;
    std::int64_t arrived = store.add("arrived", 1);
    while (arrived < launch.size && Clock::now() < deadline) {
        std::this_thread::sleep_for(20ms);
        arrived = store.add("arrived", 0);
    }
    if (arrived < launch.size)
        fail(Fault::io, "process {}: only {} of {} processes came within {} s; start all of them",
             launch.rank, arrived, launch.size, launch.patience.count());
}

c10::intrusive_ptr<c10d::ProcessGroupGloo::Options> gloo_options(const Launch& launch) {
    auto options = c10d::ProcessGroupGloo::Options::create(never);
    const char* interface = std::getenv("GLOO_SOCKET_IFNAME");
    const bool local = launch.address == "localhost" || launch.address.starts_with("127.");
    using Gloo = c10d::ProcessGroupGloo;
    options->devices.push_back(interface != nullptr ? Gloo::createDeviceForInterface(interface)
                               : local              ? Gloo::createDeviceForHostname("127.0.0.1")
                                                    : Gloo::createDefaultDevice());
    return options;
}

class C10dGroup : public TensorGroup {
public:
    explicit C10dGroup(const Launch& launch) : launch_(launch), store_(open_store(launch)) {
        try {
            wait_for_all(*store_, launch);
            gloo_ = c10::make_intrusive<c10d::ProcessGroupGloo>(
                c10::make_intrusive<c10d::PrefixStore>("gloo", store_), launch.rank, launch.size,
                gloo_options(launch));
        } catch (const Error&) {
            throw;
        } catch (const std::exception& error) {
            fail(Fault::io,
                 "process {}: process 0 ended before all {} processes were connected; start all of "
                 "them ({})",
                 launch.rank, launch.size, error.what());
        }
        beats_ = std::make_unique<Heartbeats>(
            [store = store_](const std::string& key, std::int64_t value) {
                return store->add(key, value);
            },
            launch.rank, launch.size, beat_period(launch.size));
    }

    [[nodiscard]] int rank() const noexcept override { return launch_.rank; }
    [[nodiscard]] int size() const noexcept override { return launch_.size; }
    [[nodiscard]] int local_rank() const noexcept override { return launch_.local_rank; }

    void sum(std::span<std::uint64_t> values) override {
        // Two's complement: sums of unsigned numbers have the bits of sums of signed ones.
        sum_in_place(values.data(), values.size(), torch::kInt64);
    }
    void sum(std::span<double> values) override {
        sum_in_place(values.data(), values.size(), torch::kFloat64);
    }
    void sum(torch::Tensor& tensor) override {
#ifdef USE_C10D_NCCL
        if (tensor.is_cuda()) return sum_on_device(tensor);
#endif
        torch::Tensor here = tensor.to(torch::kCPU);
        run([&](std::vector<at::Tensor>& list) { return gloo_->allreduce(list); }, here);
        if (!tensor.is_cpu()) tensor.copy_(here);
    }

    std::string from_first(std::string text) override {
        torch::Tensor length =
            torch::full({1}, static_cast<std::int64_t>(text.size()), torch::kInt64);
        broadcast(length);
        text.resize(static_cast<std::size_t>(length.item<std::int64_t>()));
        if (text.empty()) return text;
        torch::Tensor bytes =
            torch::from_blob(text.data(), {static_cast<std::int64_t>(text.size())}, torch::kUInt8);
        broadcast(bytes);
        return text;
    }

    void finish() override {
        torch::Tensor one = torch::ones({1});
        sum(one);
        // Process 0 keeps the store that the others still look at.
        std::int64_t left = store_->add("left", 1);
        for (const auto deadline = Clock::now() + death;
             first() && left < launch_.size && Clock::now() < deadline;
             left = store_->add("left", 0))
            std::this_thread::sleep_for(5ms);
    }

private:
    void sum_in_place(void* values, std::size_t n, torch::Dtype dtype) {
        if (n == 0) return;
        torch::Tensor tensor = torch::from_blob(values, {static_cast<std::int64_t>(n)}, dtype);
        sum(tensor);
    }

    void broadcast(torch::Tensor& tensor) {
        run([&](std::vector<at::Tensor>& list) { return gloo_->broadcast(list); }, tensor);
    }

    /// Starts an operation and waits for it, with an eye on the other processes.
    template <typename Start>
    void run(const Start& start, torch::Tensor& tensor) {
        std::string problem;
        try {
            std::vector<at::Tensor> list = {tensor};
            if (gloo_ == nullptr) fail(Fault::io, "it broke before");
            const auto work = start(list);
            if (!completes(*work)) {
                problem = "no answer";
                (void)gloo_.release();  // would wait for the operation when destroyed
            } else if (const std::exception_ptr error = work->exception()) {
                std::rethrow_exception(error);
            }
        } catch (const std::exception& error) {
            problem = error.what();
        }
        if (!problem.empty()) lose(problem);
    }

    /// Waits for the end of an operation, good or bad, or until a process is lost: false.
    template <typename Work>
    bool completes(Work& work) const {
        while (!work.isCompleted()) {
            try {
                work.wait(look_interval);
            } catch (const std::exception&) {
                // Its time is over, or the operation failed, which the caller finds out.
            }
            if (!work.isCompleted() && beats_->lost(launch_.patience)) return false;
        }
        return true;
    }

#ifdef USE_C10D_NCCL
    void sum_on_device(torch::Tensor& tensor) {
        if (nccl_ == nullptr) {
            auto options = c10d::ProcessGroupNCCL::Options::create();
            options->timeout = launch_.patience;  // NCCL's own watchdog ends the process then
            nccl_ = c10::make_intrusive<c10d::ProcessGroupNCCL>(
                c10::make_intrusive<c10d::PrefixStore>("nccl", store_), launch_.rank, launch_.size,
                options);
        }
        run([&](std::vector<at::Tensor>& list) { return nccl_->allreduce(list); }, tensor);
    }
    c10::intrusive_ptr<c10d::ProcessGroupNCCL> nccl_;
#endif

    /// Ends this process's part: names the process that was lost.
    [[noreturn]] void lose(const std::string& what) {
        gloo_.reset();  // closes our connections, so that the others notice too
        std::optional<int> lost = beats_->lost(death);
        for (const auto deadline = Clock::now() + 2 * death; !lost && Clock::now() < deadline;
             lost = beats_->lost(death))
            std::this_thread::sleep_for(50ms);
        if (first()) std::this_thread::sleep_for(2s);  // the others still look at our store
        constexpr const char* advice =
            "start all processes again with the same command: the work continues from what was "
            "saved last";
        if (lost)
            fail(Fault::io,
                 "process {} of {} was lost (killed, out of memory, or ended by the error that it "
                 "printed), so process {} stops; {}",
                 *lost, launch_.size, launch_.rank, advice);
        fail(Fault::io, "process {} of {} lost its connection to another process ({}); {}",
             launch_.rank, launch_.size, what, advice);
    }

    Launch launch_;
    c10::intrusive_ptr<c10d::TCPStore> store_;
    c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo_;
    std::unique_ptr<Heartbeats> beats_;
};

}  // namespace

std::unique_ptr<ProcessGroup> connect_processes(const Launch& launch) {
    if (launch.size == 1) return std::make_unique<ProcessGroup>();
    return std::make_unique<C10dGroup>(launch);
}

}  // namespace ranvier

#endif
