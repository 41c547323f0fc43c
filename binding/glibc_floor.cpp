// Lets an addon that is built on a new Linux load on glibc 2.27 and newer. The linker takes the newest
// version of each symbol that the building machine has; --wrap (CMakeLists.txt) sends the calls of ours and
// of the static libstdc++ here, and here they go to the oldest version, which every x86-64 glibc has. `npm
// run test:package` checks the result.
#include <pthread.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <cstdint>

#define NODEGRAD_OLD(result, name, parameters, arguments) \
  extern "C" result old_##name parameters;                \
  __asm__(".symver old_" #name "," #name "@GLIBC_2.2.5"); \
  extern "C" result __wrap_##name parameters { return old_##name arguments; }

NODEGRAD_OLD(int, pthread_create,
             (pthread_t * thread, const pthread_attr_t* attr, void* (*start)(void*), void* data),
             (thread, attr, start, data))
NODEGRAD_OLD(int, pthread_join, (pthread_t thread, void** result), (thread, result))
NODEGRAD_OLD(int, pthread_detach, (pthread_t thread), (thread))
NODEGRAD_OLD(int, pthread_once, (pthread_once_t * once, void (*function)()), (once, function))
NODEGRAD_OLD(int, pthread_key_create, (pthread_key_t * key, void (*destroy)(void*)), (key, destroy))
NODEGRAD_OLD(int, pthread_key_delete, (pthread_key_t key), (key))
NODEGRAD_OLD(void*, pthread_getspecific, (pthread_key_t key), (key))
NODEGRAD_OLD(int, pthread_setspecific, (pthread_key_t key, const void* value), (key, value))
NODEGRAD_OLD(int, pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock))
NODEGRAD_OLD(int, pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock))
NODEGRAD_OLD(int, pthread_rwlock_unlock, (pthread_rwlock_t * lock), (lock))
NODEGRAD_OLD(void*, dlopen, (const char* file, int mode), (file, mode))
NODEGRAD_OLD(void*, dlsym, (void* library, const char* name), (library, name))
NODEGRAD_OLD(char*, dlerror, (), ())
NODEGRAD_OLD(double, exp, (double x), (x))
NODEGRAD_OLD(double, log, (double x), (x))
NODEGRAD_OLD(double, pow, (double base, double exponent), (base, exponent))

extern "C" int old_dlinfo(void* library, int request, void* result);
__asm__(".symver old_dlinfo,dlinfo@GLIBC_2.3.3");
extern "C" int __wrap_dlinfo(void* library, int request, void* result) {
  return old_dlinfo(library, request, result);
}

// Before 2.33 the stat family was reached through functions that take the version of the structure.
extern "C" int __fxstat64(int version, int file, struct stat64* result);
extern "C" int __wrap_fstat64(int file, struct stat64* result) { return __fxstat64(1, file, result); }

// std::random_device's source of numbers, new in 2.36.
extern "C" uint32_t __wrap_arc4random() {
  uint32_t number = 0;
  while (getrandom(&number, sizeof number, 0) != sizeof number) {
  }
  return number;
}

// New in 2.32: libstdc++ counts references without atomics while it is true. Ours is false for ever.
extern "C" {
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;
}
