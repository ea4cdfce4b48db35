#pragma once

// Loops over elements are compiled for wider vectors too; the loader takes what the processor has.
// The same operations in the same order: the same values everywhere. (Sanitizers start later than
// the loader.)
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define RANVIER_WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define RANVIER_WIDE
#endif

// Where pointers are many: elements never depend on others (in place: on themselves).
#if defined(__clang__)
#define RANVIER_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define RANVIER_INDEPENDENT _Pragma("GCC ivdep")
#endif
