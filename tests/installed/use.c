/* use MODEL: classifies an image of zeros. */
#include <ranvier.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
    ranvier_network* network = NULL;
    ranvier_session* session = NULL;
    ranvier_network_info info = {.size = sizeof info};
    if (argc != 2 || ranvier_open_network(argv[1], &network) != RANVIER_OK ||
        ranvier_describe(network, &info) != RANVIER_OK ||
        ranvier_open_session(network, &session) != RANVIER_OK) {
        fprintf(stderr, "use: %s\n", ranvier_last_error());
        return 1;
    }
    float* image = calloc(info.n_inputs, sizeof(float));
    size_t prediction = info.n_outputs;
    const int code = ranvier_run(session, image, info.n_inputs, NULL, NULL, 0, &prediction, 1);
    if (code == RANVIER_OK)
        printf("%s: class %zu of %zu\n", ranvier_version(), prediction, info.n_outputs);
    free(image);
    ranvier_close_session(session);
    ranvier_close_network(network);
    return code;
}
