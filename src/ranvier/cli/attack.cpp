#include "ranvier/recipe/attack.hpp"

#include "ranvier/base/file.hpp"
#include "ranvier/cli/shared_options.hpp"
#include "ranvier/report/json.hpp"

#include <nlohmann/json.hpp>

namespace ranvier {

namespace {

struct AttackCommand {
    std::string network;
    AttackStage attack;
    std::vector<std::string> methods = {"fgsm"};
    std::vector<std::string> epsilons = {"8/255"};
    std::string step = "2/255";
    std::optional<double> surrogate_decay;
    std::string target = "none";
    bool no_random_start = false;
    std::string images;
    std::string json;
    DataArguments data;
    RunArguments run;
    std::optional<DeviceKind> device;
};

AttackStage stage_of(const AttackCommand& options) {
    AttackStage stage = options.attack;
    stage.methods.clear();
    for (const std::string& word : options.methods)
        stage.methods.push_back(value_named<AttackMethod>(word, "--method"));
    stage.epsilons.clear();
    for (const std::string& word : options.epsilons)
        stage.epsilons.push_back(fraction_named(word, "--epsilon"));
    stage.options.step = fraction_named(options.step, "--step");
    stage.options.random_start = !options.no_random_start;
    set_target(stage.options, options.target, "--target");
    if (stage.options.surrogate.kind == SurrogateKind::exponential)
        stage.options.surrogate.decay = 1;
    if (options.surrogate_decay) stage.options.surrogate.decay = *options.surrogate_decay;
    return stage;
}

void run(const AttackCommand& options, const AttackStage& stage, const CommandLine& line) {
    TerminalProgress progress;
    RunContext context = options.run.context(line, progress);
    context.device = options.device;
    const Network network = load_imported(options.network);
    AttackRequest request{stage, options.data.options(options.attack.limit, options.run.seed),
                          options.network, nullptr, options.images};
    Network other;
    if (!request.attack.crafted_on.empty()) {
        other = load_imported(request.attack.crafted_on);
        request.crafted_on = &other;
    }
    const nlohmann::ordered_json result = run_attack(network, request, context);
    progress.finish();
    if (!options.json.empty()) write_file(options.json, json_text(result));
    print(attack_text(result));
}

void add_attack_options(CLI::App& command, AttackCommand& options) {
    AttackOptions& attack = options.attack.options;
    command
        .add_option("--method", options.methods,
                    "fgsm (one step) or pgd (several, projected), or both: fgsm,pgd")
        ->delimiter(',')
        ->check(CLI::IsMember(all_names<AttackMethod>()))
        ->default_str("fgsm")
        ->type_name("LIST");
    command
        .add_option("--epsilon", options.epsilons,
                    "Largest change of a pixel from 0 to 1: numbers or fractions, 2/255,8/255")
        ->delimiter(',')
        ->default_str("8/255")
        ->type_name("LIST");
    command.add_option("--step", options.step, "pgd: change of a pixel per iteration")
        ->capture_default_str()
        ->type_name("X");
    command.add_option("--iterations", attack.iterations, "pgd: iterations")
        ->check(CLI::Range(1, 1 << 20))
        ->capture_default_str()
        ->type_name("N");
    command.add_flag("--no-random-start", options.no_random_start,
                     "pgd: begin at the image, not anywhere within epsilon of it");
    command
        .add_option(
            "--target", options.target,
            "What the network is to take images for: none (anything wrong), random (a wrong "
            "class for each) or a class's number")
        ->capture_default_str()
        ->type_name("WORD");
    add_choice(
        command, "--gradient", attack.gradient,
        "Crafted on a spiking network: the gradient of all its steps, or of its neurons' mean "
        "rates, which every network has; auto: the former where there is one");
    add_choice(command, "--surrogate", attack.surrogate.kind,
               "Crafted on a spiking network through time: what stands for the derivative of a "
               "spike");
    command.add_option("--surrogate-scale", attack.surrogate.scale, "Its factor")
        ->check(CLI::PositiveNumber)
        ->capture_default_str()
        ->type_name("X");
    command
        .add_option("--surrogate-decay", options.surrogate_decay,
                    "stdb, exponential: how fast it falls (default: 0.01 and 1)")
        ->check(CLI::PositiveNumber)
        ->type_name("X");
}

void add_sweep_options(CLI::App& command, AttackCommand& options) {
    command
        .add_option("--crafted-on", options.attack.crafted_on,
                    "Black box: craft the images on this network and show them to the other; it "
                    "keeps its own timesteps and leaks")
        ->type_name("FILE");
    command
        .add_option("--steps", options.attack.steps,
                    "Rate coding: timesteps instead of the network's own, one or several")
        ->delimiter(',')
        ->check(CLI::Range(1, 4096))
        ->type_name("LIST");
    command
        .add_option("--leak", options.attack.leaks,
                    "Leaky neurons: the leak of all layers instead of their own; 1: none")
        ->delimiter(',')
        ->check(CLI::Range(0.0, 1.0))
        ->type_name("LIST");
    command.add_option("--limit", options.attack.limit, "Only the first so many samples; 0: all")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str()
        ->type_name("N");
}

}  // namespace

void add_attack(CLI::App& app, const CommandLine& line) {
    auto options = std::make_shared<AttackCommand>();
    CLI::App* command = app.add_subcommand(
        "attack", "Accuracy of a network on images that are changed so that it errs");
    command->add_option("network", options->network, "Model file, float or spiking")
        ->required()
        ->type_name("FILE");
    options->data.add_to(*command, Split::test, true);
    add_attack_options(*command, *options);
    add_sweep_options(*command, *options);
    command
        ->add_option("--save-images", options->images,
                     "Also write the images as PNG to this folder, as they are and attacked")
        ->type_name("DIR");
    command->add_option("--json", options->json, "Also write the result to this file")
        ->type_name("FILE");
    command
        ->add_option_function<std::string>(
            "--device",
            [options](const std::string& word) {
                options->device = value_named<DeviceKind>(word, "--device");
            },
            "Where images are crafted: cpu or cuda")
        ->check(CLI::IsMember(all_names<DeviceKind>()))
        ->default_str("cpu")
        ->type_name("WORD");
    options->run.add_threads(*command);
    options->run.add_seed(*command);
    command->footer(
        "Images are crafted on the network that is attacked, a spiking one through time with its "
        "encoder as the identity, or by its rates. Needs LibTorch.\n"
        "Examples:\n"
        "  ranvier attack net.safetensors --data digits --limit 100 --method fgsm,pgd --epsilon "
        "4/255,8/255\n"
        "  ranvier attack rate.safetensors --crafted-on net.safetensors --data digits --limit 50 "
        "--epsilon 0.1 --steps 4,8 --save-images attacked\n");
    command->callback([options, command, &line] {
        const auto given = [command](const char* key) {
            const CLI::Option* option = command->get_option_no_throw(option_name(key));
            return option != nullptr && option->count() > 0;
        };
        AttackStage stage = stage_of(*options);
        remember_gradient(stage, KeyStyle::command_line, given);
        refuse_unused("attack", unused_attack_key(stage, KeyStyle::command_line, given));
        run(*options, stage, line);
    });
}

}  // namespace ranvier
