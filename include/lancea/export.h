// Symbol visibility of the public API: everything else in liblancea is hidden.
#pragma once

#if defined(_WIN32)
#define LANCEA_EXPORT
#else
#define LANCEA_EXPORT __attribute__((visibility("default")))
#endif
