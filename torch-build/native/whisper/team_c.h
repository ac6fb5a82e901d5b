/* The team of the fused operators for what is written in C. */
#ifndef WHISPER_TEAM_C_H
#define WHISPER_TEAM_C_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Calls work(context, chunk) for each chunk of 0 <= chunk < chunks, on at::get_num_threads()
   threads, or on one while others hold the team, and returns when all are done. */
void whisper_run_on_team(
    int64_t chunks, void (*work)(const void *context, int64_t chunk), const void *context);

#ifdef __cplusplus
}
#endif

#endif
