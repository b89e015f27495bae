/* A header block of plain ASCII in which every line ends with CRLF and is a field or the rest of one. */

#include "fast.h"

#include <string.h>

#define SEEN 1024 /* names remembered, a power of two */
#define LONG_NAME 64
#define ROOM 4096

static unsigned char in_name[256], is_space[256];

typedef struct {
    PyObject *name, *key;
} Seen;
static Seen seen[SEEN]; /* real mail has a few hundred names: each is made once, and its lower case with it */

int headers_init(void) {
    for (int c = '!'; c <= '~'; c++) in_name[c] = c != ':';
    for (const char *c = " \t\n\v\f\r\x1c\x1d\x1e\x1f"; *c; c++) is_space[(unsigned char)*c] = 1;
    return 0;
}

PyObject *ascii_text(const char *from, Py_ssize_t length) {
    PyObject *text = PyUnicode_New(length, 127);
    if (text != NULL) memcpy(PyUnicode_1BYTE_DATA(text), from, (size_t)length);
    return text;
}

static PyObject *lower(const char *from, Py_ssize_t length) {
    PyObject *text = ascii_text(from, length);
    if (text == NULL) return NULL;
    Py_UCS1 *letters = PyUnicode_1BYTE_DATA(text);
    for (Py_ssize_t at = 0; at < length; at++)
        if (letters[at] >= 'A' && letters[at] <= 'Z') letters[at] += 'a' - 'A';
    return text;
}

/* A header's name as written and in lower case; both are the caller's to give back. */
static int known_name(const char *from, Py_ssize_t length, PyObject **name, PyObject **key) {
    unsigned hash = 2166136261u;
    for (Py_ssize_t at = 0; at < length; at++) hash = (hash ^ (unsigned char)from[at]) * 16777619u;
    Seen *place = &seen[(hash ^ (hash >> 15)) & (SEEN - 1)];
    if (place->name != NULL && PyUnicode_GET_LENGTH(place->name) == length &&
        memcmp(PyUnicode_1BYTE_DATA(place->name), from, (size_t)length) == 0) {
        *name = Py_NewRef(place->name);
        *key = Py_NewRef(place->key);
        return READ;
    }
    *name = ascii_text(from, length);
    *key = *name == NULL ? NULL : lower(from, length);
    if (*key == NULL) {
        Py_CLEAR(*name);
        return FAILED;
    }
    if (length <= LONG_NAME && place->name == NULL) {
        place->name = Py_NewRef(*name);
        place->key = Py_NewRef(*key);
    }
    return READ;
}

/* Whether a line holds nothing but plain ASCII without controls that mean something, and no encoded word. */
static int is_plain(const char *line, Py_ssize_t length) {
    const unsigned char *at = (const unsigned char *)line;
    unsigned char high = 0, odd = 0, question = 0;
    for (Py_ssize_t i = 0; i < length; i++) { /* no branches: the compiler does many octets at once */
        high |= at[i];
        odd |= (unsigned char)((at[i] == 0) | (at[i] == 27) | (at[i] == '\r'));
        question |= (unsigned char)(at[i] == '?');
    }
    if ((high & 0x80) || odd) return 0;
    if (question)
        for (Py_ssize_t i = 1; i < length; i++)
            if (at[i] == '?' && at[i - 1] == '=') return 0;
    return 1;
}

static int add_field(Block *block, const char *name_at, Py_ssize_t name_length, const char *from, const char *to) {
    while (from < to && is_space[(unsigned char)*from]) from++;
    while (to > from && is_space[(unsigned char)to[-1]]) to--;
    PyObject *name, *key, *value = ascii_text(from, to - from);
    if (value == NULL) return FAILED;
    if (known_name(name_at, name_length, &name, &key) == FAILED) {
        Py_DECREF(value);
        return FAILED;
    }
    int done = FAILED;
    PyObject *field = PyTuple_Pack(2, name, value);
    if (field != NULL && PyList_Append(block->fields, field) == 0) {
        int there = PyDict_Contains(block->first, key);
        if (there == 0) {
            done = PyDict_SetItem(block->first, key, value) == 0 ? READ : FAILED;
        } else if (there > 0) {
            PyObject *again = PyTuple_Pack(2, key, value);
            done = again != NULL && PyList_Append(block->repeated, again) == 0 ? READ : FAILED;
            Py_XDECREF(again);
        }
    }
    Py_XDECREF(field);
    Py_DECREF(name);
    Py_DECREF(key);
    Py_DECREF(value);
    return done;
}

void free_block(Block *block) {
    Py_CLEAR(block->fields);
    Py_CLEAR(block->first);
    Py_CLEAR(block->repeated);
}

/* Where the pieces of a folded value are put together. */
typedef struct {
    char *at;
    size_t used, size;
    char small[ROOM];
} Room;

static int put(Room *room, const char *from, size_t length) {
    if (room->used + length > room->size) {
        size_t size = 2 * (room->used + length);
        char *larger = PyMem_Malloc(size);
        if (larger == NULL) {
            PyErr_NoMemory();
            return FAILED;
        }
        memcpy(larger, room->at, room->used);
        if (room->at != room->small) PyMem_Free(room->at);
        room->at = larger;
        room->size = size;
    }
    memcpy(room->at + room->used, from, length);
    room->used += length;
    return READ;
}

/* The field whose first line begins at *line; *line moves to the line behind the field, which is there. */
static int read_field(const char **line, const char *stop, Room *room, Block *block) {
    const char *name = *line, *at = name;
    while (at < stop && in_name[(unsigned char)*at]) at++;
    Py_ssize_t length = at - name;
    while (at < stop && (*at == ' ' || *at == '\t')) at++;
    if (length == 0 || at == stop || *at != ':') return UNUSUAL;
    const char *from = at + 1, *begin = name;
    room->used = 0;
    for (int folded = 0;; folded = 1) {
        const char *newline = memchr(from, '\n', (size_t)(stop - from));
        if (newline == NULL || newline == from || newline[-1] != '\r' || newline + 1 == stop) return UNUSUAL;
        if (!is_plain(begin, newline - 1 - begin)) return UNUSUAL;
        *line = begin = newline + 1;
        int goes_on = *begin == ' ' || *begin == '\t';
        if (!folded && !goes_on) return add_field(block, name, length, from, newline - 1);
        if (put(room, from, (size_t)(newline - 1 - from)) == FAILED) return FAILED;
        if (!goes_on) return add_field(block, name, length, room->at, room->at + room->used);
        if (put(room, " ", 1) == FAILED) return FAILED;
        for (from = begin; from < stop && (*from == ' ' || *from == '\t');) from++;
    }
}

int read_block(const char *raw, Py_ssize_t start, Py_ssize_t end, Py_ssize_t longest, Py_ssize_t most, Block *block) {
    const char *line = raw + start, *stop = raw + end;
    *block = (Block){PyList_New(0), PyDict_New(), PyList_New(0), 0};
    Room room = {.at = room.small, .used = 0, .size = ROOM};
    int done = block->fields && block->first && block->repeated ? READ : FAILED;
    for (Py_ssize_t number = 0; done == READ; number++) {
        if (number && stop - line >= 2 && line[0] == '\r' && line[1] == '\n') break;
        done = number == most ? UNUSUAL : read_field(&line, stop, &room, block);
        if (done == READ && line - 2 - (raw + start) > longest) done = UNUSUAL;
    }
    if (room.at != room.small) PyMem_Free(room.at);
    if (done == READ) block->body = line + 2 - raw;
    else free_block(block);
    return done;
}
