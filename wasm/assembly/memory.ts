// A binary buddy allocator over linear memory. The size of a block is a power of two. Each block,
// free or not, starts with a header of 16 bytes. The address of a block's buddy is always the
// start of a block, so the buddy's header can be read without a table. Free buddies merge again:
// after one very large message, its memory serves small ones.

const HEADER_BYTES: u32 = 16;
/** 128 bytes, header included. */
const ORDER_MIN: u32 = 7;
/** 1 GiB: more than all settings together can need. */
const ORDER_MAX: u32 = 30;
/** The heap grows by 64 KiB at least, a page of linear memory. */
const ORDER_GROWTH_MIN: u32 = 16;
/** Linear memory grows by 1 MiB at least, because the host needs new views after each growth. */
const GROWTH_PAGES_MIN: u32 = 16;

@unmanaged
class Block {
  order: u32;
  free: u32;
  /** Neighbours in the free list, if the block is free. */
  next: usize;
  previous: usize;
}

/** Heads of the free lists, one for each order. */
const heads: usize = memory.data(4 * 32);
/** Bit n is set if the list of order n is not empty. */
let nonEmpty: u32 = 0;
/** Where the heap starts, and how many bytes of it are blocks. */
let base: usize = (__heap_base + 15) & ~15;
let end: u32 = 0;

function insert(address: usize, order: u32): void {
  const block = changetype<Block>(address);
  const head = load<usize>(heads + (order << 2));
  block.order = order;
  block.free = 1;
  block.next = head;
  block.previous = 0;
  if (head) changetype<Block>(head).previous = address;
  store<usize>(heads + (order << 2), address);
  nonEmpty |= 1 << order;
}

function unlink(address: usize): void {
  const block = changetype<Block>(address);
  if (block.next) changetype<Block>(block.next).previous = block.previous;
  if (block.previous) {
    changetype<Block>(block.previous).next = block.next;
    return;
  }
  store<usize>(heads + (block.order << 2), block.next);
  if (!block.next) nonEmpty &= ~(1 << block.order);
}

/** Frees a block. It merges with its buddy as long as that is free and of the same size. */
function release(address: usize, order: u32): void {
  let offset = <u32>(address - base);
  while (order < ORDER_MAX) {
    const size: u32 = 1 << order;
    const buddyOffset = offset ^ size;
    if (buddyOffset + size > end) break;
    const buddy = changetype<Block>(base + buddyOffset);
    if (!buddy.free || buddy.order != order) break;
    unlink(base + buddyOffset);
    offset &= ~size;
    order++;
  }
  insert(base + offset, order);
}

/** Adds a block of this order or a larger one to the heap. False if the host has no memory. */
function extend(wanted: u32): bool {
  const order = max(wanted, ORDER_GROWTH_MIN);
  const size: u32 = 1 << order;
  // A block starts at a multiple of its size. The gap before it becomes smaller blocks.
  const start = (<u64>end + size - 1) & ~(<u64>size - 1);
  const bytesNeeded = <u64>base + start + size;
  const bytesNow = <u64>memory.size() << 16;
  if (bytesNeeded > <u64>u32.MAX_VALUE) return false;
  if (bytesNeeded > bytesNow) {
    const pages = <i32>((bytesNeeded - bytesNow + 65_535) >> 16);
    if (memory.grow(max(pages, GROWTH_PAGES_MIN)) < 0 && memory.grow(pages) < 0) return false;
  }
  while (end < <u32>start) {
    const gapOrder = ctz(end);
    const gap = base + end;
    end += 1 << gapOrder;
    release(gap, gapOrder);
  }
  end += size;
  release(base + <u32>start, order);
  return true;
}

/** A block of at least `bytes` bytes, 16-byte aligned, not zeroed; 0 if there is no memory. */
export function allocate(bytes: u32): usize {
  if (bytes > (1 << ORDER_MAX) - HEADER_BYTES) return 0;
  const order = max(ORDER_MIN, 32 - clz(bytes + HEADER_BYTES - 1));
  if (!(nonEmpty >> order) && !extend(order)) return 0;
  let found = order + ctz(nonEmpty >> order);
  const address = load<usize>(heads + (found << 2));
  unlink(address);
  while (found > order) {
    found--;
    insert(address + (1 << found), found);
  }
  const block = changetype<Block>(address);
  block.order = order;
  block.free = 0;
  return address + HEADER_BYTES;
}

/** Frees a block from `allocate`; 0 is ignored. */
export function free(pointer: usize): void {
  if (!pointer) return;
  const address = pointer - HEADER_BYTES;
  release(address, changetype<Block>(address).order);
}

/** Bytes that a block from `allocate` has room for: as many as were asked for, or more. */
export function capacityOf(pointer: usize): u32 {
  return (1 << changetype<Block>(pointer - HEADER_BYTES).order) - HEADER_BYTES;
}

/** `allocate` for the codec's own tables and areas: traps if there is no memory. */
export function allocateOrTrap(bytes: u32): usize {
  const pointer = allocate(bytes);
  if (!pointer) unreachable();
  return pointer;
}

/** Bytes of the heap, in use or free. */
export function heapBytes(): u32 {
  return end;
}
