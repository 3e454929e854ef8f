/* SPDX-License-Identifier: MIT */
/*
 * A program for the kernel: rows for single calls, each looked up in turn.  The
 * kernel remembers which calls pass whatever their arguments are, so the length of
 * the table costs nothing where it matters.
 *
 * Programs of this kind can only jump forward, and not far: each row is left where its
 * fate is known, or skipped.  Rows that look at an argument lose the number of the call,
 * so none of them goes on to the next.
 */
#define _GNU_SOURCE /* CLONE_THREAD */
#include "daemon/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OUR_ARCH AUDIT_ARCH_RISCV64
#endif

#ifdef OUR_ARCH

/* clang-format off */

/* ---- what passes ---- */

static const uint16_t passing[] = {
	/* bytes in and out */
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv,
	SYS_pwritev, SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_recvfrom, SYS_recvmsg,
	SYS_recvmmsg, SYS_splice, SYS_sendfile, SYS_close, SYS_lseek, SYS_shutdown,
	/* waiting */
	SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_ppoll, SYS_pselect6,
	SYS_eventfd2, SYS_timerfd_create, SYS_timerfd_settime, SYS_timerfd_gettime, SYS_pipe2,
	SYS_dup, SYS_dup3, SYS_nanosleep, SYS_clock_nanosleep, SYS_futex, SYS_restart_syscall,
	/* connections; SYS_socket is below */
	SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_connect, SYS_getsockname,
	SYS_getpeername, SYS_getsockopt, SYS_setsockopt,
	/* files: configuration, mappings, keys, the log, the queue */
	SYS_openat, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_faccessat, SYS_readlinkat,
	SYS_getdents64, SYS_fcntl, SYS_flock, SYS_fsync, SYS_fdatasync, SYS_sync_file_range,
	SYS_ftruncate, SYS_fallocate, SYS_fadvise64, SYS_unlinkat, SYS_renameat2, SYS_mkdirat,
	SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_utimensat, SYS_fstatfs, SYS_statfs,
	SYS_getcwd, SYS_umask,
	/* memory; SYS_mmap and SYS_mprotect are below */
	SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_msync,
	/* threads and signals; SYS_clone and SYS_tgkill are below */
	SYS_set_robust_list, SYS_set_tid_address, SYS_gettid, SYS_getpid, SYS_sched_yield,
	SYS_sched_getaffinity, SYS_membarrier, SYS_exit, SYS_exit_group, SYS_rt_sigaction,
	SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigtimedwait, SYS_sigaltstack,
	/* who and when */
	SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_getuid, SYS_geteuid,
	SYS_getgid, SYS_getegid, SYS_getrandom, SYS_getrusage, SYS_getcpu, SYS_uname,
	SYS_sysinfo,
#ifdef SYS_rseq
	SYS_rseq,
#endif
#ifdef SYS_faccessat2
	SYS_faccessat2,
#endif
#ifdef SYS_epoll_pwait2
	SYS_epoll_pwait2,
#endif
#ifdef SYS_renameat
	SYS_renameat,
#endif
	/* older names of the same, where a processor has them */
#ifdef SYS_open
	SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_unlink, SYS_rename,
	SYS_mkdir, SYS_rmdir, SYS_chmod, SYS_poll, SYS_select, SYS_epoll_wait, SYS_epoll_create,
	SYS_pipe, SYS_dup2, SYS_time,
#endif
};

/* ---- what nobody of ours ever does ---- */

static const uint16_t deadly[] = {
	/* another program, another process */
	SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
	SYS_pidfd_getfd, SYS_kcmp,
	/* another user, another view of the machine */
	SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid,
	SYS_setgroups, SYS_setfsuid, SYS_setfsgid, SYS_capset, SYS_unshare, SYS_setns,
	SYS_chroot, SYS_pivot_root, SYS_mount, SYS_umount2, SYS_personality,
	/* the kernel */
	SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_bpf,
	SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_add_key, SYS_request_key,
	SYS_keyctl, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl, SYS_syslog,
	SYS_open_by_handle_at, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex,
	SYS_sethostname, SYS_setdomainname,
#ifdef SYS_iopl
	SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
};

/* clang-format on */

/* ---- what depends on an argument ---- */

enum test {
	ONE_OF,  /* the argument is one of the values: pass, or else fail */
	NO_BITS, /* none of the first value's bits is in it: pass, or else fail */
	BITS,    /* all of them are: pass, or else fail */
	NOT_ALL, /* not all of them are: pass, or else fail */
	NOTHING, /* it is a pointer to nothing: pass, or else fail */
};

static const struct row {
	uint16_t call, argument;
	enum test test;
	uint16_t error; /* of those that fail */
	uint32_t values[5];
	unsigned count;
} rows[] = {
	{ SYS_socket, 0, ONE_OF, EAFNOSUPPORT, { AF_INET, AF_INET6, AF_UNIX }, 3 },
	{ SYS_socketpair, 0, ONE_OF, EAFNOSUPPORT, { AF_UNIX }, 1 },
	/* nothing that can be written can be executed, then or later */
	{ SYS_mmap, 2, NOT_ALL, EACCES, { PROT_WRITE | PROT_EXEC }, 1 },
	{ SYS_mprotect, 2, NO_BITS, EACCES, { PROT_EXEC }, 1 },
	/* threads, but no processes.  clone3 has its flags in memory, where no filter can look; it
	 * fails, and the C library takes clone instead. */
	{ SYS_clone, 0, BITS, EPERM, { CLONE_THREAD | CLONE_VM }, 1 },
	/* the last is for the zone of a link-local address: the number of an interface */
	{ SYS_ioctl, 1, ONE_OF, ENOTTY, { FIONREAD, FIONBIO, TCGETS, TIOCOUTQ, SIOCGIFINDEX }, 5 },
	{ SYS_prctl, 0, ONE_OF, EPERM, { PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE }, 3 },
	/* limits are asked for, not set */
	{ SYS_prlimit64, 2, NOTHING, EPERM, { 0 }, 0 },
};

/* ---- the program ---- */

enum {
	PASSING = sizeof(passing) / sizeof(passing[0]),
	DEADLY = sizeof(deadly) / sizeof(deadly[0]),
	ROWS = sizeof(rows) / sizeof(rows[0]),
	ROW_MOST = 10, /* instructions */
	MOST = 5 + 2 * (PASSING + DEADLY) + ROW_MOST * (ROWS + 1),
};

struct program {
	struct sock_filter code[MOST];
	unsigned short len;
};

static void
put(struct program *p, uint16_t code, uint32_t k, unsigned yes, unsigned no)
{
	p->code[p->len++] = (struct sock_filter){ code, (uint8_t)yes, (uint8_t)no, k };
}

static void
load(struct program *p, size_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* Skip so many instructions when what was loaded is `k`, or when it is not. */
static void
when(struct program *p, uint32_t k, unsigned yes, unsigned no)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, k, yes, no);
}

static void
leave(struct program *p, uint32_t fate)
{
	put(p, BPF_RET | BPF_K, fate, 0, 0);
}

static void
put_calls(struct program *p, const uint16_t *calls, unsigned count, uint32_t fate)
{
	for (unsigned i = 0; i < count; i++) {
		when(p, calls[i], 0, 1);
		leave(p, fate);
	}
}

/* Ends where the next instruction fails, and the one behind it passes. */
static void
put_test(struct program *p, const struct row *r)
{
	/* the lower half, which is all there is of an int */
	const size_t lower = offsetof(struct seccomp_data, args) + r->argument * sizeof(uint64_t);

	load(p, lower);
	if (r->test == NO_BITS || r->test == BITS || r->test == NOT_ALL)
		put(p, BPF_ALU | BPF_AND | BPF_K, r->values[0], 0, 0);
	switch (r->test) {
	case ONE_OF:
		for (unsigned i = 0; i < r->count; i++)
			when(p, r->values[i], r->count - i, 0);
		break;
	case NO_BITS:
		when(p, 0, 1, 0);
		break;
	case BITS:
		when(p, r->values[0], 1, 0);
		break;
	case NOT_ALL:
		when(p, r->values[0], 0, 1);
		break;
	case NOTHING:
		when(p, 0, 0, 2);
		load(p, lower + sizeof(uint32_t));
		when(p, 0, 1, 0);
		break;
	}
}

static void
put_row(struct program *p, const struct row *r)
{
	const unsigned short start = p->len;

	when(p, r->call, 0, 0); /* how far to the next row is known below */
	put_test(p, r);
	leave(p, SECCOMP_RET_ERRNO | r->error);
	leave(p, SECCOMP_RET_ALLOW);
	p->code[start].jf = (uint8_t)(p->len - start - 1);
}

static void
make_program(struct program *p)
{
	/* signals to ourselves: abort() */
	const struct row ourselves = { SYS_tgkill, 0, ONE_OF, EPERM, { (uint32_t)getpid() }, 1 };

	p->len = 0;
	load(p, offsetof(struct seccomp_data, arch));
	when(p, OUR_ARCH, 1, 0);
	leave(p, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr));
	put_calls(p, passing, PASSING, SECCOMP_RET_ALLOW);
	put_calls(p, deadly, DEADLY, SECCOMP_RET_KILL_PROCESS);
	for (unsigned i = 0; i < ROWS; i++)
		put_row(p, &rows[i]);
	put_row(p, &ourselves);
	leave(p, SECCOMP_RET_ERRNO | ENOSYS);
}

const char *
filter_install(void)
{
	struct program p;
	struct sock_fprog all;

	make_program(&p);
	all = (struct sock_fprog){ .len = p.len, .filter = p.code };
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &all) != 0)
		return "no_filter";
	return NULL;
}

#else

const char *
filter_install(void)
{
	return "no_filter";
}

#endif
