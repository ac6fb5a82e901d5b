// Stands in for ffmpeg and tries to leave its sandbox. Arguments: the recording, a folder that holds
// the file "other", a port that is listened to. Prints, for each attempt, its name and its error.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void told(const char *name, long result) {
  const char *word = result < 0 ? strerrorname_np(errno) : "-";
  printf("%s %s\n", name, word);
}

static long reads(const char *path) {
  char byte;
  int file = open(path, O_RDONLY);
  return file < 0 ? -1 : read(file, &byte, 1);
}

static long starts(char *const command[]) {
  int status = 0;
  pid_t child = fork();
  if (child == 0) {
    execv(command[0], command);
    _exit(errno);
  }
  if (child < 0 || waitpid(child, &status, 0) < 0) return -1;
  errno = WEXITSTATUS(status);
  return errno ? -1 : 0;
}

static long connects(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int end = socket(AF_INET, SOCK_STREAM, 0);
  return end < 0 ? -1 : connect(end, (struct sockaddr *)&address, sizeof address);
}

static long inherits(void) {
  for (int number = 3; number < 400; number++)
    if (fcntl(number, F_GETFD) >= 0) return errno = EBUSY, -1;
  return 0;
}

int main(int count, char *given[]) {
  if (count == 1) {
    // How much memory it may have, once that was told to the kernel.
    struct rlimit limit;
    usleep(500000);
    getrlimit(RLIMIT_DATA, &limit);
    printf("%lu %lu\n", (unsigned long)limit.rlim_cur, (unsigned long)limit.rlim_max);
    return 0;
  }
  char *recording = given[1], *folder = given[2], other[4096], new[4096], parent[64];
  struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
  snprintf(other, sizeof other, "%s/other", folder);
  snprintf(new, sizeof new, "%s/new", folder);
  snprintf(parent, sizeof parent, "/proc/%d/environ", getppid());
  told("inherited", inherits());
  told("recording", reads(recording));
  told("other", reads(other));
  told("users", reads("/etc/passwd"));
  told("parent", reads(parent));
  told("list", open(folder, O_RDONLY | O_DIRECTORY));
  told("overwrite", open(recording, O_RDWR));
  told("append", open(recording, O_WRONLY | O_APPEND));
  told("create", open(new, O_WRONLY | O_CREAT, 0600));
  told("unnamed", open(folder, O_TMPFILE | O_WRONLY, 0600));
  told("link", syscall(SYS_link, other, new));
  told("symlink", syscall(SYS_symlink, other, new));
  told("mkdir", mkdir(new, 0700));
  told("chmod", chmod(other, 0600));
  told("truncate", truncate(other, 1));
  told("rename", rename(other, new));
  told("unlink", unlink(new));
  told("connect", connects(atoi(given[3])));
  told("datagrams", socket(AF_INET6, SOCK_DGRAM, 0));
  told("netlink", socket(AF_NETLINK, SOCK_RAW, 0));
  told("unix", socket(AF_UNIX, SOCK_STREAM, 0));
  told("program", starts((char *[]){"/bin/true", NULL}));
  told("shell", starts((char *[]){"/bin/sh", "-c", "exit 0", NULL}));
  told("memfd", syscall(SYS_memfd_create, "x", 0));
  told("limits", setrlimit(RLIMIT_DATA, &unlimited));
  told("signal", kill(getppid(), 0));
  told("priority", setpriority(PRIO_PROCESS, getppid(), 19));
  told("processors", sched_setaffinity(getppid(), sizeof(cpu_set_t), &(cpu_set_t){{1}}));
  told("trace", syscall(SYS_ptrace, 0x4206 /* seize: without stopping it */, getppid(), 0, 0));
  told("namespace", syscall(SYS_unshare, 0x10000000));
  told("ring", syscall(425, 0, NULL));
  told("keys", syscall(SYS_keyctl, 0, 0, 0, 0, 0));
  told("openat2", syscall(437, -100, NULL, NULL, 0));
  return 0;
}
