// A crowd of sockets from one thread: what a server is loaded with, and what is measured of it. Loopback only.
//
//   wsload -p PORT -P people [-x native|socketio] [-n sockets] -m MODE [-r messages/s of a chat] [-w in flight]
//          [-d seconds] [-W seconds to warm up] [-k handshakes at once] [-S server's pids, with commas] [-o] [-a after]
//
// Line i of `people` is socket i: its token and its chat. Modes:
//   idle    connects a tenth, then the rest: memory of a socket.
//   rate    open loop: each chat gets -r messages/s from its first socket.
//   busy    closed loop: -w messages in flight, each from another socket of the one chat.
//   send    each socket sends, waits for its ack, and sends again.
//   resume  each socket resumes from position -a and waits for `resumed`; whoever is thrown out comes back.
//
// A text is "T<µs of this machine's clock>#<number in its chat>|…", so that each delivery's age is known to the process
// that measures, and each socket knows whether it has had all: as many as were sent, and the same numbers.
// With -o positions (`seq`) must be 1 apart on each socket. SIGUSR1 begins the measurement anew, SIGTERM ends it.
// Prints "measuring" when it begins, and a line of JSON at the end. Times are in seconds unless named otherwise.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SETTLE 1500000       // µs between the last handshake and the first message: live frames flow by then
#define SILENCE 15000000     // µs without a delivery, when the sending has ended: what has not come is lost
#define STALLED 5000000      // µs without a delivery in a closed loop
#define CONNECT_WITHIN 300000000 // µs for all handshakes
#define MAX_BEHIND 20        // messages of a chat on their way in an open loop: beyond, a tick is left out
#define PAUSE 500000         // µs before a socket that was closed in a storm is opened again
#define MAX_FRAME 4096       // bytes of a frame of ours
#define SECOND 1000000ull    // µs

enum mode { IDLE, RATE, BUSY, SEND, RESUME };
enum state { UNUSED, CONNECTING, HANDSHAKE, JOINING, READY, DEAD };

struct chat {
    char *id;
    int first;           // its first socket
    uint64_t sent, sum;  // messages, and the sum of their numbers
    uint64_t due;        // µs, when the next one is, in an open loop
};
struct person {
    int fd, chat;
    enum state state;
    char *token, *rest;  // `rest`: the beginning of a frame whose end has not come
    size_t rest_length;
    uint64_t heard, sum; // messages, and the sum of their numbers
    uint64_t position;   // the last `seq`
    uint64_t asked;      // µs, when what it waits for was asked
    bool is_done;        // has resumed
};

static struct person *people;
static struct chat *chats;
static int sockets = 500, chat_count, opened, ready, dead, port = 8000, at_once = 50, polling;
static bool is_socketio, is_ordered, is_measuring;
static volatile sig_atomic_t begin_anew, is_over;
static enum mode mode;
static double rate = 10;
static int window = 8, duration = 5, warm_up = 1;
static uint64_t after, begun, sent, acked, delivered, retried, missed, refused, stale, disordered, held_back, stalls, resumed;
static uint32_t *ages; // µs
static size_t age_count, age_room;
static char *server_pids = "";

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec / 1000;
}

// --- What the server costs ---------------------------------------------------------------------------------

static double server_cpu(void) { // seconds of all its processes
    double total = 0;
    char pids[256], *save;
    snprintf(pids, sizeof pids, "%s", server_pids);
    for (char *pid = strtok_r(pids, ",", &save); pid; pid = strtok_r(NULL, ",", &save)) {
        char path[64], line[1024];
        unsigned long user, system;
        snprintf(path, sizeof path, "/proc/%s/stat", pid);
        FILE *file = fopen(path, "r");
        if (!file) continue;
        char *fields = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
        if (fields && sscanf(fields + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2)
            total += (user + system) / (double)sysconf(_SC_CLK_TCK);
        fclose(file);
    }
    return total;
}
static double server_memory(void) { // KiB of all its processes
    double total = 0;
    char pids[256], *save;
    snprintf(pids, sizeof pids, "%s", server_pids);
    for (char *pid = strtok_r(pids, ",", &save); pid; pid = strtok_r(NULL, ",", &save)) {
        char path[64];
        long all, resident;
        snprintf(path, sizeof path, "/proc/%s/statm", pid);
        FILE *file = fopen(path, "r");
        if (!file) continue;
        if (fscanf(file, "%ld %ld", &all, &resident) == 2) total += resident * (sysconf(_SC_PAGESIZE) / 1024.0);
        fclose(file);
    }
    return total;
}
static double own_cpu(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

// --- Frames ------------------------------------------------------------------------------------------------

static void lose(struct person *person) {
    if (person->state == READY) ready--;
    if (person->state != DEAD) {
        close(person->fd);
        dead++;
    }
    person->state = DEAD;
}
static void say(struct person *person, int opcode, const char *text, int length) {
    static const unsigned char mask[4] = {1, 2, 3, 4};
    unsigned char frame[MAX_FRAME];
    int head = length < 126 ? 2 : 4;
    frame[0] = 0x80 | opcode;
    frame[1] = 0x80 | (length < 126 ? length : 126);
    if (head == 4) {
        frame[2] = length >> 8;
        frame[3] = length;
    }
    memcpy(frame + head, mask, 4);
    for (int i = 0; i < length; i++) frame[head + 4 + i] = text[i] ^ mask[i & 3];
    if (write(person->fd, frame, head + 4 + length) != head + 4 + length) lose(person);
}
static void say_text(struct person *person, const char *text, int length) { say(person, 1, text, length); }

static void send_message(int index) {
    static const char *fill = "The quick brown fox jumps over the lazy dog and keeps running through the meadow.";
    static uint64_t names; // of this process: with the time of its start they are unique
    struct person *person = &people[index];
    struct chat *chat = &chats[person->chat];
    char text[MAX_FRAME - 8];
    uint64_t number = ++chat->sent, at = now();
    chat->sum += number;
    sent++;
    names++;
    person->asked = at;
    const char *form =
        is_socketio ? "42%llu[\"message.send\",{\"chat\":\"%s\",\"client_id\":\"%08llx-0000-4000-8000-%012llx\","
                      "\"text\":\"T%016llu#%llu|%s\"}]"
                    : "{\"type\":\"message.send\",\"id\":\"%llu\",\"data\":{\"chat\":\"%s\",\"client_id\":"
                      "\"%08llx-0000-4000-8000-%012llx\",\"text\":\"T%016llu#%llu|%s\"}}";
    int length = snprintf(text, sizeof text, form, (unsigned long long)names, chat->id,
                          (unsigned long long)(begun & 0xffffffff), (unsigned long long)names,
                          (unsigned long long)at, (unsigned long long)number, fill);
    say_text(person, text, length);
}
static void ask_for_missed(struct person *person) {
    char text[256];
    say_text(person, text,
             snprintf(text, sizeof text, "{\"type\":\"resume\",\"id\":\"r\",\"chats\":{\"%s\":%llu}}",
                      chats[person->chat].id, (unsigned long long)after));
}

static void open_socket(int index) {
    int one = 1;
    struct person *person = &people[index];
    person->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    person->state = CONNECTING;
    person->asked = now();
    setsockopt(person->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    connect(person->fd, (struct sockaddr *)&address, sizeof address);
    struct epoll_event wanted = {.events = EPOLLIN | EPOLLOUT, .data.u32 = index};
    epoll_ctl(polling, EPOLL_CTL_ADD, person->fd, &wanted);
}
static void connect_next(void) {
    if (opened < sockets) open_socket(opened++);
}
static void connect_again(void) { // whoever was thrown out before they had all
    for (int i = 0; i < sockets; i++) {
        struct person *person = &people[i];
        if (person->state != DEAD || person->is_done || now() - person->asked < PAUSE) continue;
        dead--;
        retried++;
        person->position = after;
        person->heard = person->rest_length = 0;
        open_socket(i);
    }
}
static void on_connected(struct person *person, int index) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(person->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        lose(person);
        connect_next();
        return;
    }
    char request[MAX_FRAME], path[256];
    if (is_socketio) snprintf(path, sizeof path, "/socket.io/?EIO=4&transport=websocket");
    else snprintf(path, sizeof path, "/ws?chat=%s", chats[person->chat].id);
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                          "Authorization: Bearer %s\r\n\r\n",
                          path, port, person->token);
    person->state = HANDSHAKE;
    struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = index};
    epoll_ctl(polling, EPOLL_CTL_MOD, person->fd, &wanted);
    if (write(person->fd, request, length) != length) lose(person);
}
static void joined(struct person *person) {
    if (person->state == READY) return;
    person->state = READY;
    ready++;
    connect_next();
    if (mode == RESUME) ask_for_missed(person);
    else person->asked = 0;
}

static void note_age(uint64_t age) {
    if (!is_measuring) return;
    if (age_count == age_room) ages = realloc(ages, (age_room = age_room ? 2 * age_room : 1 << 20) * sizeof *ages);
    ages[age_count++] = age;
}
static void on_message(struct person *person, char *text, int length) {
    char *stamp = memmem(text, length, "\"T", 2);
    if (mode != RESUME) {
        if (!stamp) return;
        uint64_t at = strtoull(stamp + 2, &stamp, 10), number = strtoull(stamp + 1, NULL, 10);
        if (at < begun) {
            stale++;
            return;
        }
        person->heard++;
        person->sum += number;
        if (mode != SEND) note_age(now() - at);
    } else person->heard++;
    if (is_measuring) delivered++;
    if (!is_ordered) return;
    char *seq = memmem(text, length, "\"seq\":", 6);
    uint64_t position = seq ? strtoull(seq + 6, NULL, 10) : 0;
    if (!position || (person->position && position != person->position + 1)) disordered++;
    person->position = position;
}
static void on_ack(int index) {
    struct person *person = &people[index];
    if (is_measuring) acked++;
    if (mode != SEND) return;
    note_age(now() - person->asked);
    person->asked = 0;
}
static void on_refusal(char *text, int length) {
    if (!refused++) fprintf(stderr, "refused: %.*s\n", length, text);
}

static bool begins(const char *text, int length, const char *with) {
    int size = strlen(with);
    return length >= size && !memcmp(text, with, size);
}
static void on_text(struct person *person, int index, char *text, int length) {
    if (is_socketio) {
        if (begins(text, length, "2")) say_text(person, "3", 1);
        else if (begins(text, length, "0")) {
            char asked[MAX_FRAME - 8];
            say_text(person, asked, snprintf(asked, sizeof asked, "40{\"token\":\"%s\",\"chat\":\"%s\"}", person->token,
                                             chats[person->chat].id));
        } else if (begins(text, length, "40")) joined(person);
        else if (begins(text, length, "42[\"message.sent\"")) on_message(person, text, length);
        else if (begins(text, length, "43")) {
            if (memmem(text, length, "[{\"error\"", 9)) on_refusal(text, length);
            else on_ack(index);
        } else if (begins(text, length, "44")) on_refusal(text, length);
    } else if (begins(text, length, "{\"type\":\"message.sent\"")) on_message(person, text, length);
    else if (begins(text, length, "{\"type\":\"ack\"")) on_ack(index);
    else if (begins(text, length, "{\"type\":\"hello\"")) joined(person);
    else if (begins(text, length, "{\"type\":\"resumed\"")) {
        note_age(now() - begun);
        person->is_done = true;
        resumed++;
        missed += person->heard;
    } else if (begins(text, length, "{\"type\":\"error\"") || begins(text, length, "{\"type\":\"reset\""))
        on_refusal(text, length);
}
static void on_readable(struct person *person, int index) {
    static char buffer[1 << 20];
    size_t length = person->rest_length;
    memcpy(buffer, person->rest, length);
    ssize_t got = read(person->fd, buffer + length, sizeof buffer - 1 - length);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        lose(person);
        connect_next();
        return;
    }
    char *at = buffer, *end = buffer + length + got;
    if (person->state == HANDSHAKE) {
        *end = 0;
        char *blank = strstr(at, "\r\n\r\n");
        if (blank && !begins(at, end - at, "HTTP/1.1 101")) {
            on_refusal(at, strcspn(at, "\r"));
            lose(person);
            connect_next();
            return;
        }
        if (blank) {
            at = blank + 4;
            person->state = JOINING;
        }
    }
    while (person->state != HANDSHAKE && person->state != DEAD && end - at >= 2) {
        unsigned char *head = (unsigned char *)at;
        uint64_t size = head[1] & 127;
        int skip = 2;
        if (size == 126) {
            if (end - at < 4) break;
            size = head[2] << 8 | head[3];
            skip = 4;
        } else if (size == 127) {
            if (end - at < 10) break;
            size = 0;
            for (int i = 2; i < 10; i++) size = size << 8 | head[i];
            skip = 10;
        }
        if ((uint64_t)(end - at) < skip + size) break;
        switch (head[0] & 15) {
        case 1: on_text(person, index, at + skip, size); break;
        case 8:
            if (size >= 2) fprintf(stderr, "closed: %d\n", head[skip] << 8 | head[skip + 1]);
            lose(person);
            connect_next();
            break;
        case 9: say(person, 10, at + skip, size); break;
        }
        at += skip + size;
    }
    person->rest_length = person->state == DEAD ? 0 : end - at;
    person->rest = realloc(person->rest, person->rest_length);
    memcpy(person->rest, at, person->rest_length);
}
static void wait_for_events(uint64_t at_most) {
    static struct epoll_event events[1024];
    struct timespec time = {at_most / SECOND, at_most % SECOND * 1000};
    int count = epoll_pwait2(polling, events, 1024, &time, NULL);
    for (int i = 0; i < count; i++) {
        int index = events[i].data.u32;
        struct person *person = &people[index];
        if (person->state == DEAD) continue;
        if (person->state == CONNECTING) on_connected(person, index);
        else on_readable(person, index);
    }
}
static void wait_for(uint64_t duration) {
    for (uint64_t start = now(); now() - start < duration;) wait_for_events(100000);
}

// --- The load ----------------------------------------------------------------------------------------------

static void connect_up_to(int count) {
    int wanted = sockets;
    sockets = count;
    for (int i = 0; i < at_once; i++) connect_next();
    for (uint64_t start = now(); ready + dead < count && now() - start < CONNECT_WITHIN;) wait_for_events(100000);
    sockets = wanted;
}
static uint64_t heard_of_all(void) {
    uint64_t total = 0;
    for (int i = 0; i < sockets; i++) total += people[i].heard;
    return total;
}
static uint64_t push_at_a_rate(uint64_t time) { // µs until the next one is due
    uint64_t wait = 100000, pause = 1e6 / rate;
    for (int i = 0; i < chat_count; i++) {
        struct chat *chat = &chats[i];
        for (; time >= chat->due; chat->due += pause) {
            if (people[chat->first].state != READY || chat->sent - people[chat->first].heard >= MAX_BEHIND) held_back++;
            else send_message(chat->first);
        }
        if (chat->due - time < wait) wait = chat->due - time;
    }
    return wait;
}
static void push_in_a_closed_loop(uint64_t time) {
    static uint64_t last_total, last_change, base;
    uint64_t total = heard_of_all();
    if (total != last_total || !last_change) {
        last_total = total;
        last_change = time;
    } else if (time - last_change > STALLED) {
        stalls++;
        base = chats[0].sent - total / (ready ? ready : 1);
        last_change = time;
    }
    while (ready && chats[0].sent - base < total / ready + window) send_message(chats[0].sent % (window < ready ? window : ready));
}
static void push_as_acked(void) {
    for (int i = 0; i < sockets; i++)
        if (people[i].state == READY && !people[i].asked) send_message(i);
}
static bool has_all(void) {
    if (mode == RESUME) return resumed >= (uint64_t)sockets;
    for (int i = 0; i < sockets; i++)
        if (people[i].state == READY && people[i].heard < chats[people[i].chat].sent) return false;
    return true;
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}
static double age_at(double share) { return age_count ? ages[(size_t)((age_count - 1) * share)] / 1e3 : 0; }

static void on_signal(int which) {
    if (which == SIGUSR1) begin_anew = 1;
    else is_over = 1;
}
static void read_people(const char *path) {
    FILE *file = fopen(path, "r");
    char token[2048], chat[64];
    int i = 0;
    if (!file) {
        perror(path);
        exit(2);
    }
    people = calloc(sockets, sizeof *people);
    chats = calloc(sockets, sizeof *chats);
    for (; i < sockets && fscanf(file, "%2047s %63s", token, chat) == 2; i++) {
        int known = 0;
        while (known < chat_count && strcmp(chats[known].id, chat)) known++;
        if (known == chat_count) chats[chat_count++] = (struct chat){.id = strdup(chat), .first = i};
        people[i] = (struct person){.token = strdup(token), .chat = known, .position = mode == RESUME ? after : 0};
    }
    if (i < sockets) {
        fprintf(stderr, "%s has %d people, %d are wanted\n", path, i, sockets);
        exit(2);
    }
    fclose(file);
}

int main(int count, char **words) {
    static const char *modes[] = {"idle", "rate", "busy", "send", "resume"};
    const char *path = "people";
    for (int option; (option = getopt(count, words, "p:P:x:n:m:r:w:d:W:k:S:oa:")) != -1;) switch (option) {
        case 'p': port = atoi(optarg); break;
        case 'P': path = optarg; break;
        case 'x': is_socketio = !strcmp(optarg, "socketio"); break;
        case 'n': sockets = atoi(optarg); break;
        case 'm':
            while (mode < RESUME && strcmp(modes[mode], optarg)) mode++;
            break;
        case 'r': rate = atof(optarg); break;
        case 'w': window = atoi(optarg); break;
        case 'd': duration = atoi(optarg); break;
        case 'W': warm_up = atoi(optarg); break;
        case 'k': at_once = atoi(optarg); break;
        case 'S': server_pids = optarg; break;
        case 'o': is_ordered = true; break;
        case 'a': after = strtoull(optarg, NULL, 10); break;
        default: return 2;
        }
    signal(SIGUSR1, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    read_people(path);
    polling = epoll_create1(0);
    begun = now();
    double memory = 0, cpu = server_cpu(), own = own_cpu();
    int before = 0;
    if (mode == IDLE) {
        connect_up_to(before = sockets / 10); // what comes once, with the first sockets, is no socket's
        wait_for(SETTLE);
        memory = server_memory();
    }
    is_measuring = mode == RESUME;
    connect_up_to(sockets);
    double connected = (now() - begun) / 1e6, seconds = connected;
    if (mode == IDLE) {
        wait_for(SETTLE + duration * SECOND);
        memory = server_memory() - memory;
    } else if (mode == RESUME) {
        while (!has_all() && now() - begun < CONNECT_WITHIN) {
            wait_for_events(100000);
            connect_again();
        }
        seconds = (now() - begun) / 1e6;
        cpu = server_cpu() - cpu;
        own = own_cpu() - own;
    } else {
        wait_for(SETTLE);
        uint64_t start = now(), measured = 0, ends = start + (warm_up + duration) * SECOND, pause = 1e6 / rate;
        for (int i = 0; i < chat_count; i++) chats[i].due = start + pause * i / chat_count;
        for (uint64_t time; (time = now()) < ends && !is_over;) {
            if ((!is_measuring && time >= start + warm_up * SECOND) || begin_anew) {
                begin_anew = 0;
                is_measuring = true;
                measured = time;
                sent = acked = delivered = held_back = age_count = 0;
                cpu = server_cpu();
                own = own_cpu();
                puts("measuring");
            }
            uint64_t wait = 100000;
            if (mode == RATE) wait = push_at_a_rate(time);
            else if (mode == BUSY) push_in_a_closed_loop(time);
            else push_as_acked();
            wait_for_events(wait);
        }
        seconds = (now() - measured) / 1e6;
        cpu = server_cpu() - cpu;
        own = own_cpu() - own;
        is_measuring = false;
        uint64_t heard = heard_of_all(), total;
        for (uint64_t last = now(); !has_all() && now() - last < SILENCE; heard = total) {
            wait_for_events(100000);
            if ((total = heard_of_all()) != heard) last = now();
        }
    }
    uint64_t lost = 0, doubled = 0;
    for (int i = 0; i < sockets && mode != IDLE && mode != RESUME; i++) {
        struct chat *chat = &chats[people[i].chat];
        if (people[i].state != READY || people[i].heard < chat->sent) lost += chat->sent - people[i].heard;
        else if (people[i].heard > chat->sent || people[i].sum != chat->sum) doubled++;
    }
    qsort(ages, age_count, sizeof *ages, by_size);
    printf("{\"mode\":\"%s\",\"sockets\":%d,\"chats\":%d,\"ready\":%d,\"dead\":%d,\"connected_s\":%.2f,\"seconds\":%.3f,"
           "\"sent\":%llu,\"acked\":%llu,\"delivered\":%llu,\"resumed\":%llu,\"missed\":%llu,"
           "\"retried\":%llu,\"p50_ms\":%.2f,\"p99_ms\":%.2f,"
           "\"max_ms\":%.2f,\"server_cpu_s\":%.3f,\"client_cpu_s\":%.3f,\"kb_per_socket\":%.2f,\"refused\":%llu,"
           "\"stale\":%llu,\"lost\":%llu,\"doubled\":%llu,\"disordered\":%llu,\"held_back\":%llu,\"stalls\":%llu}\n",
           modes[mode], sockets, chat_count, ready, dead, connected, seconds, (unsigned long long)sent, (unsigned long long)acked,
           (unsigned long long)delivered, (unsigned long long)resumed, (unsigned long long)missed, (unsigned long long)retried, age_at(.5), age_at(.99), age_at(1), cpu, own,
           mode == IDLE ? memory / (sockets - before) : 0, (unsigned long long)refused, (unsigned long long)stale,
           (unsigned long long)lost, (unsigned long long)doubled, (unsigned long long)disordered,
           (unsigned long long)held_back, (unsigned long long)stalls);
    return 0;
}
