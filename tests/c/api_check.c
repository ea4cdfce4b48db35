/* Uses ranvier.h as a C program would: api_check MODEL IMAGES
 *
 * MODEL is a spiking network, IMAGES raw float32 pixels of one image behind another. Checks what
 * must hold for any of them, ends with 1 and a line at the first thing that does not, and prints
 * what the run gave as JSON. */
#include <math.h>
#include <pthread.h>
#include <ranvier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                   \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "api_check: line %d: not so: %s\nlast error: %s\n", __LINE__,  \
                    #condition, ranvier_last_error());                                     \
            exit(1);                                                                       \
        }                                                                                  \
    } while (0)

typedef struct run_results {
    float* logits;       /* [n][n_outputs] */
    size_t* predictions; /* [n] */
} run_results;

typedef struct images_file {
    float* pixels;
    size_t n_values;
} images_file;

static ranvier_network_info info_of(const ranvier_network* network) {
    ranvier_network_info info = {.size = sizeof info};
    CHECK(ranvier_describe(network, &info) == RANVIER_OK);
    CHECK(info.n_inputs == info.channels * info.height * info.width && info.n_outputs > 0);
    return info;
}

static images_file read_images(const char* name) {
    images_file images = {NULL, 0};
    FILE* file = fopen(name, "rb");
    CHECK(file != NULL);
    CHECK(fseek(file, 0, SEEK_END) == 0);
    const long n_bytes = ftell(file);
    CHECK(n_bytes > 0);
    rewind(file);
    images.n_values = (size_t)n_bytes / sizeof(float);
    images.pixels = malloc((size_t)n_bytes);
    CHECK(images.pixels != NULL);
    CHECK(fread(images.pixels, sizeof(float), images.n_values, file) == images.n_values);
    fclose(file);
    return images;
}

static run_results make_results(const ranvier_network_info* info, size_t n) {
    run_results results;
    results.logits = calloc(n * info->n_outputs, sizeof(float));
    results.predictions = calloc(n, sizeof(size_t));
    CHECK(results.logits != NULL && results.predictions != NULL);
    return results;
}

static void free_results(run_results results) {
    free(results.logits);
    free(results.predictions);
}

static run_results run_all(const ranvier_network* network, images_file images, int n_threads) {
    const ranvier_network_info info = info_of(network);
    const size_t n = images.n_values / info.n_inputs;
    run_results results = make_results(&info, n);
    ranvier_run_options options = {.size = sizeof options, .n_threads = n_threads};
    ranvier_session* session = NULL;
    CHECK(ranvier_open_session(network, &session) == RANVIER_OK);
    CHECK(ranvier_run(session, images.pixels, images.n_values, &options, results.logits,
                      n * info.n_outputs, results.predictions, n) == RANVIER_OK);
    ranvier_close_session(session);
    return results;
}

static void check_equal(const ranvier_network_info* info, size_t n, run_results a, run_results b) {
    CHECK(memcmp(a.logits, b.logits, n * info->n_outputs * sizeof(float)) == 0);
    CHECK(memcmp(a.predictions, b.predictions, n * sizeof(size_t)) == 0);
}

/* --- wrong uses: an error each, and a reason --- */

static void check_wrong_handles(void) {
    ranvier_network* network = NULL;
    ranvier_session* session = NULL;
    ranvier_stream* stream = NULL;
    ranvier_network_info info = {.size = sizeof info};
    float value = 0;
    CHECK(ranvier_open_network(NULL, &network) == RANVIER_USAGE);
    CHECK(strlen(ranvier_last_error()) > 0);
    CHECK(ranvier_open_network("model", NULL) == RANVIER_USAGE);
    CHECK(ranvier_open_network("there is no such file", &network) == RANVIER_IO);
    CHECK(network == NULL);
    CHECK(ranvier_open_network_in_memory("nonsense", 8, &network) == RANVIER_BAD_INPUT);
    CHECK(ranvier_describe(NULL, &info) == RANVIER_USAGE);
    CHECK(ranvier_open_session(NULL, &session) == RANVIER_USAGE && session == NULL);
    CHECK(ranvier_open_stream(NULL, NULL, &stream) == RANVIER_USAGE && stream == NULL);
    CHECK(ranvier_run(NULL, &value, 1, NULL, NULL, 0, NULL, 0) == RANVIER_USAGE);
    CHECK(ranvier_step(NULL, &value, 1) == RANVIER_USAGE);
    ranvier_close_network(NULL);
    ranvier_close_session(NULL);
    ranvier_close_stream(NULL);
}

static void check_wrong_runs(const ranvier_network* network, images_file images) {
    const ranvier_network_info info = info_of(network);
    ranvier_session* session = NULL;
    ranvier_statistics statistics = {.size = sizeof statistics};
    ranvier_layer_statistics layer = {.size = sizeof layer};
    size_t prediction = 0;
    float room[1];
    CHECK(ranvier_open_session(network, &session) == RANVIER_OK);
    CHECK(ranvier_session_statistics(session, &statistics) == RANVIER_USAGE); /* nothing ran */
    CHECK(ranvier_run(session, NULL, info.n_inputs, NULL, NULL, 0, NULL, 0) == RANVIER_USAGE);
    CHECK(ranvier_run(session, images.pixels, 0, NULL, NULL, 0, NULL, 0) == RANVIER_BAD_INPUT);
    CHECK(ranvier_run(session, images.pixels, info.n_inputs - 1, NULL, NULL, 0, NULL, 0) ==
          RANVIER_BAD_INPUT);
    CHECK(ranvier_run(session, images.pixels, info.n_inputs, NULL, room, 1, NULL, 0) ==
          RANVIER_USAGE);
    CHECK(ranvier_run(session, images.pixels, info.n_inputs, NULL, NULL, 0, &prediction, 2) ==
          RANVIER_USAGE);
    const float kept = images.pixels[1];
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t k = 0; k < 3; ++k) {
        images.pixels[1] = bad[k];
        CHECK(ranvier_run(session, images.pixels, info.n_inputs, NULL, NULL, 0, &prediction, 1) ==
              RANVIER_BAD_INPUT);
    }
    images.pixels[1] = kept;
    CHECK(ranvier_run(session, images.pixels, info.n_inputs, NULL, NULL, 0, &prediction, 1) ==
          RANVIER_OK);
    CHECK(ranvier_session_statistics(session, &statistics) == RANVIER_OK);
    CHECK(ranvier_session_statistics(session, NULL) == RANVIER_USAGE);
    statistics.size = 1;
    CHECK(ranvier_session_statistics(session, &statistics) == RANVIER_USAGE);
    CHECK(ranvier_session_layer_statistics(session, info.n_layers, &layer) == RANVIER_USAGE);
    ranvier_close_session(session);
    CHECK(ranvier_run(session, images.pixels, info.n_inputs, NULL, NULL, 0, NULL, 0) ==
          RANVIER_USAGE); /* closed */
    ranvier_close_session(session);
}

/* --- streams --- */

static void check_stream(const ranvier_network* network, images_file images, run_results expected) {
    const ranvier_network_info info = info_of(network);
    ranvier_stream* stream = NULL;
    ranvier_stream_options options = {.size = sizeof options, .n_threads = 1};
    if (info.phases) {
        CHECK(ranvier_open_stream(network, &options, &stream) == RANVIER_UNSUPPORTED);
        return;
    }
    CHECK(ranvier_open_stream(network, &options, &stream) == RANVIER_OK);
    float* logits = malloc(info.n_outputs * sizeof(float));
    CHECK(logits != NULL);
    const size_t n = images.n_values / info.n_inputs;
    for (size_t i = 0; i < n; ++i) {
        const float* image = images.pixels + i * info.n_inputs;
        size_t prediction = 0;
        for (int t = 0; t < info.steps; ++t)
            CHECK(ranvier_step(stream, image, info.n_inputs) == RANVIER_OK);
        CHECK(ranvier_step(stream, image, info.n_inputs + 1) == RANVIER_BAD_INPUT);
        CHECK(ranvier_stream_logits(stream, logits, info.n_outputs) == RANVIER_OK);
        CHECK(ranvier_stream_prediction(stream, &prediction) == RANVIER_OK);
        CHECK(memcmp(logits, expected.logits + i * info.n_outputs,
                     info.n_outputs * sizeof(float)) == 0);
        CHECK(prediction == expected.predictions[i]);
        CHECK(ranvier_reset_stream(stream) == RANVIER_OK);
    }
    const uint32_t outside = (uint32_t)info.n_inputs;
    CHECK(ranvier_step_events(stream, NULL, NULL, 0) == RANVIER_OK);
    CHECK(ranvier_step_events(stream, NULL, NULL, 1) == RANVIER_USAGE);
    CHECK(ranvier_step_events(stream, &outside, NULL, 1) == RANVIER_BAD_INPUT);
    CHECK(ranvier_stream_logits(stream, logits, info.n_outputs + 1) == RANVIER_USAGE);
    free(logits);
    ranvier_close_stream(stream);
    CHECK(ranvier_step(stream, NULL, 0) == RANVIER_USAGE); /* closed */
}

/* --- threads: one network, a session each --- */

typedef struct task {
    const ranvier_network* network;
    images_file images;
    run_results results;
} task;

static void* run_task(void* argument) {
    task* mine = argument;
    mine->results = run_all(mine->network, mine->images, 1);
    return NULL;
}

static void check_threads(const ranvier_network* network, images_file images,
                          run_results expected) {
    enum { n_threads = 4 };
    const ranvier_network_info info = info_of(network);
    pthread_t threads[n_threads];
    task tasks[n_threads];
    for (int k = 0; k < n_threads; ++k) {
        tasks[k].network = network;
        tasks[k].images = images;
        CHECK(pthread_create(&threads[k], NULL, run_task, &tasks[k]) == 0);
    }
    for (int k = 0; k < n_threads; ++k) {
        CHECK(pthread_join(threads[k], NULL) == 0);
        check_equal(&info, images.n_values / info.n_inputs, tasks[k].results, expected);
        free_results(tasks[k].results);
    }
}

/* --- the results --- */

static void print_layers(const ranvier_session* session, size_t n_layers) {
    for (size_t l = 0; l < n_layers; ++l) {
        ranvier_layer_statistics layer = {.size = sizeof layer};
        CHECK(ranvier_session_layer_statistics(session, l, &layer) == RANVIER_OK);
        printf("%s{\"name\": \"%s\", \"kind\": \"%s\", \"spikes\": %.17g, \"synops\": %.17g, "
               "\"macs\": %.17g, \"energy_pj\": %.17g}",
               l > 0 ? ", " : "", layer.name, layer.kind, layer.spikes, layer.synops, layer.macs,
               layer.energy_pj);
    }
}

/* Also: a session outlives its network's handle. Closes the network. */
static void print_run(ranvier_network* network, images_file images) {
    const ranvier_network_info info = info_of(network);
    const size_t n = images.n_values / info.n_inputs;
    run_results results = make_results(&info, n);
    ranvier_session* session = NULL;
    ranvier_statistics all = {.size = sizeof all};
    CHECK(ranvier_open_session(network, &session) == RANVIER_OK);
    ranvier_close_network(network);
    CHECK(ranvier_describe(network, NULL) == RANVIER_USAGE); /* closed */
    CHECK(ranvier_run(session, images.pixels, images.n_values, NULL, results.logits,
                      n * info.n_outputs, results.predictions, n) == RANVIER_OK);
    CHECK(ranvier_session_statistics(session, &all) == RANVIER_OK);
    CHECK(all.samples == n && all.n_neurons == info.n_neurons);
    printf("{\"spikes\": %.17g, \"synops\": %.17g, \"macs\": %.17g, \"energy_pj\": %.17g, "
           "\"float_energy_pj\": %.17g, \"steps\": %.17g, \"predictions\": [",
           all.spikes, all.synops, all.macs, all.energy_pj, all.float_energy_pj, all.steps);
    for (size_t i = 0; i < n; ++i) printf("%s%zu", i > 0 ? ", " : "", results.predictions[i]);
    printf("], \"logits\": [");
    for (size_t i = 0; i < n * info.n_outputs; ++i)
        printf("%s%.9g", i > 0 ? ", " : "", (double)results.logits[i]);
    printf("], \"layers\": [");
    print_layers(session, info.n_layers);
    printf("]}\n");
    free_results(results);
    ranvier_close_session(session);
}

int main(int argc, char** argv) {
    CHECK(argc == 3);
    CHECK(strlen(ranvier_version()) >= 5 && strlen(ranvier_last_error()) == 0);
    check_wrong_handles();
    images_file images = read_images(argv[2]);
    ranvier_network* network = NULL;
    CHECK(ranvier_open_network(argv[1], &network) == RANVIER_OK);
    const ranvier_network_info info = info_of(network);
    CHECK(images.n_values % info.n_inputs == 0);
    const run_results expected = run_all(network, images, 1);
    const run_results again = run_all(network, images, 0);
    check_equal(&info, images.n_values / info.n_inputs, expected, again);
    check_wrong_runs(network, images);
    check_stream(network, images, expected);
    check_threads(network, images, expected);
    print_run(network, images);
    free_results(again);
    free_results(expected);
    free(images.pixels);
    return 0;
}
