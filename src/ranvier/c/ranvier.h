/* Runs spiking networks that Ranvier made. C99; link with -lranvier. The guide is docs/c.md.
 *
 *     ranvier_network* network = NULL;
 *     ranvier_session* session = NULL;
 *     size_t class_of_image = 0;
 *     if (ranvier_open_network("snn.safetensors", &network) != RANVIER_OK ||
 *         ranvier_open_session(network, &session) != RANVIER_OK ||
 *         ranvier_run(session, image, 28 * 28, NULL, NULL, 0, &class_of_image, 1) != RANVIER_OK)
 *         fprintf(stderr, "%s\n", ranvier_last_error());
 *     ranvier_close_session(session);
 *     ranvier_close_network(network);
 *
 * Errors. Functions return RANVIER_OK or the code of what went wrong; ranvier_last_error() says it
 * in words. A call that fails has changed nothing but what its comment says. Null pointers, wrong
 * sizes, values that are not finite and handles that are closed or were never open are errors, not
 * crashes. Nothing is printed, and no C++ exception comes out.
 *
 * Threads. A network never changes: any number of threads may use one. A session or a stream is for
 * one thread at a time; a call that meets another one inside fails with RANVIER_USAGE. Each works on
 * all cores unless its options say otherwise. Sessions and streams keep what they need of their
 * network, which may be closed before them.
 *
 * Structs begin with their size, which the caller sets to sizeof, so that a later version of the
 * library can add fields: ranvier_run_options options = {.size = sizeof options}. A field that is 0
 * means the default; a null pointer in place of options means that all are 0.
 */
#ifndef RANVIER_H
#define RANVIER_H

/* This is C: NOLINTBEGIN(modernize-*) */

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define RANVIER_API __attribute__((visibility("default")))
#else
#define RANVIER_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The same numbers as the exit codes of the program. */
enum {
    RANVIER_OK = 0,
    RANVIER_USAGE = 2,       /* an argument cannot be used: null, closed, out of range */
    RANVIER_BAD_INPUT = 3,   /* a file or data are wrong */
    RANVIER_UNSUPPORTED = 4, /* valid, but not something that this library does */
    RANVIER_IO = 5,          /* the operating system refused to read */
    RANVIER_INTERNAL = 70    /* out of memory, or a defect of the library */
};

typedef struct ranvier_network ranvier_network; /* what a model file holds, ready to run */
typedef struct ranvier_session ranvier_session; /* runs batches of images */
typedef struct ranvier_stream ranvier_stream;   /* is fed one timestep after the other */

/* "0.1.0". */
RANVIER_API const char* ranvier_version(void);

/* One line about the last call of this thread that failed, UTF-8; empty if none has. Valid until
 * the thread's next call that fails. */
RANVIER_API const char* ranvier_last_error(void);

/* --- networks --- */

/* Reads a model file (docs/formats.md) with a spiking network. *network is null after an error.
 * RANVIER_UNSUPPORTED for a float network: `ranvier convert` makes a spiking one of it. */
RANVIER_API int ranvier_open_network(const char* file, ranvier_network** network);

/* The same from memory that holds a model file; it is not needed afterwards. */
RANVIER_API int ranvier_open_network_in_memory(const void* bytes, size_t n_bytes,
                                               ranvier_network** network);

/* Null and handles that are closed already are left alone, here and in the other two. */
RANVIER_API void ranvier_close_network(ranvier_network* network);

typedef struct ranvier_network_info {
    size_t size;                    /* sizeof(ranvier_network_info), set by the caller */
    size_t channels, height, width; /* of an image or frame */
    size_t n_inputs;                /* channels * height * width */
    size_t n_outputs;               /* logits of an image */
    size_t n_layers;
    uint64_t n_neurons;
    int steps;  /* timesteps of an image (rate), phases of a layer's code (one_spike) */
    int phases; /* 1: one_spike coding, which cannot be streamed or exit early; 0: rate coding */
} ranvier_network_info;

RANVIER_API int ranvier_describe(const ranvier_network* network, ranvier_network_info* info);

/* --- batches --- */

enum {
    RANVIER_EXIT_NONE = 0,    /* all timesteps */
    RANVIER_EXIT_MAXIMUM = 1, /* the largest logit exceeds the threshold */
    RANVIER_EXIT_MARGIN = 2   /* it exceeds the second largest by more than the threshold */
};

typedef struct ranvier_run_options {
    size_t size;           /* sizeof(ranvier_run_options), set by the caller */
    int n_threads;         /* 0: all cores; at most 1024 */
    int steps;             /* rate coding: instead of the network's own; 0: its own; at most 4096 */
    int exit_rule;         /* rate coding: when an image is decided before its last timestep */
    float exit_threshold;  /* in the unit of the logits; 0 without a rule */
    uint64_t seed;         /* Poisson input: another seed, other spikes; `ranvier` has 1 */
    uint64_t first_sample; /* Poisson input: the number of the first image in its data set */
} ranvier_run_options;

RANVIER_API int ranvier_open_session(const ranvier_network* network, ranvier_session** session);
RANVIER_API void ranvier_close_session(ranvier_session* session);

/* Runs images, one or many.
 *
 * images         [n][channels][height][width], pixels in [0, 1] (the network's own normalization is
 *                applied here); n_values is n * n_inputs, n at least 1.
 * options        may be null.
 * logits         receives [n][n_outputs], and n_logits is that size; or null and 0.
 * predictions    receives the index of each image's largest logit, the lowest of equal ones, and
 *                n_predictions is n; or null and 0.
 *
 * Logits and spikes are those of the reference simulator to the last bit, on any number of threads.
 * After an error the contents of both results are not specified, and the session has no statistics. */
RANVIER_API int ranvier_run(ranvier_session* session, const float* images, size_t n_values,
                            const ranvier_run_options* options, float* logits, size_t n_logits,
                            size_t* predictions, size_t n_predictions);

/* --- streams, rate coding only --- */

typedef struct ranvier_stream_options {
    size_t size;      /* sizeof(ranvier_stream_options), set by the caller */
    int n_threads;    /* that share the work of a timestep; 0: all cores; at most 1024 */
    int no_statistics; /* 1: spikes are not counted, which takes time beside the step itself */
} ranvier_stream_options;

RANVIER_API int ranvier_open_stream(const ranvier_network* network,
                                    const ranvier_stream_options* options,
                                    ranvier_stream** stream);
RANVIER_API void ranvier_close_stream(ranvier_stream* stream);

/* Forgets all frames: membranes, output and counts are as in a new stream. */
RANVIER_API int ranvier_reset_stream(ranvier_stream* stream);

/* One timestep. frame is [channels][height][width] and n_values is n_inputs; null and 0: the last
 * frame again, at less cost (zeros, if there was none). */
RANVIER_API int ranvier_step(ranvier_stream* stream, const float* frame, size_t n_values);

/* One timestep with these events, and zeros elsewhere. place is the index of each in
 * [channels][height][width], value what it is worth (1 and -1 for polarities), or null: 1 each.
 * Several may have the same place. n_events 0: a timestep in which nothing happened. */
RANVIER_API int ranvier_step_events(ranvier_stream* stream, const uint32_t* place,
                                    const float* value, size_t n_events);

/* What has reached the output since the stream began or was reset; n_logits is n_outputs. */
RANVIER_API int ranvier_stream_logits(const ranvier_stream* stream, float* logits, size_t n_logits);
/* The index of the largest logit, the lowest of equal ones. */
RANVIER_API int ranvier_stream_prediction(const ranvier_stream* stream, size_t* prediction);

/* --- statistics: docs/energy.md defines every count --- */

/* Of a session: means over the images of its last run. Of a stream: sums since it began or was
 * reset. */
typedef struct ranvier_statistics {
    size_t size;            /* sizeof(ranvier_statistics), set by the caller */
    uint64_t samples;       /* images; 1 for a stream */
    uint64_t n_neurons;
    double steps;           /* timesteps, on average if images exit early */
    double seconds;         /* wall time of the whole run; of a stream's last timestep */
    double spikes;          /* of neurons; spikes of the input are not among them */
    double synops;          /* synaptic operations, border-exact */
    double macs;            /* multiply-accumulates that are left (analog input) */
    double float_macs;      /* of one pass of the float network of the same shape */
    double energy_pj;       /* 45 nm; int8 prices where all weights are int8 */
    double float_energy_pj; /* of one pass of the float network of the same shape */
} ranvier_statistics;

typedef struct ranvier_layer_statistics {
    size_t size;      /* sizeof(ranvier_layer_statistics), set by the caller */
    const char* name; /* valid until the session or stream is closed */
    const char* kind; /* "convolution", "activation", ... */
    uint64_t n_neurons;
    double spikes;    /* sent by this layer */
    double synops;
    double macs;
    double float_macs;
    double energy_pj;
} ranvier_layer_statistics;

/* RANVIER_USAGE if nothing has been run yet, or nothing was counted. */
RANVIER_API int ranvier_session_statistics(const ranvier_session* session,
                                           ranvier_statistics* statistics);
RANVIER_API int ranvier_session_layer_statistics(const ranvier_session* session, size_t layer,
                                                 ranvier_layer_statistics* statistics);
RANVIER_API int ranvier_stream_statistics(const ranvier_stream* stream,
                                          ranvier_statistics* statistics);
RANVIER_API int ranvier_stream_layer_statistics(const ranvier_stream* stream, size_t layer,
                                                ranvier_layer_statistics* statistics);

#ifdef __cplusplus
}
#endif

/* NOLINTEND(modernize-*) */

#endif
