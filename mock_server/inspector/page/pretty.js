// A JSON text in lines, each with the JSON pointer of what it holds. The spelling stays as it was sent: numbers keep
// their digits, duplicate names stand twice, escapes stay escapes.

const TOKEN = /[ \t\r\n]+|"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^ \t\r\n{}[\],:"]+|"/gsy;
const CLOSES = { "{": "}", "[": "]" };

const DEEPEST = 100; // below it nothing is pointed at: the pointers of a body that only nests would take more room than memory has

const kindOf = text => text[0] === '"' ? "string" : /^[-0-9]/.test(text) ? "number" : "word";
const escaped = key => key.replaceAll("~", "~0").replaceAll("/", "~1");

/** Lines of a text that is known to be JSON: [{depth, pointer, parts: [[kind, text], …]}]. */
export function lines(text) {
  const found = [];
  const open = []; // containers around the place: {close, pointer, index, key}
  const tokens = (text.match(TOKEN) ?? []).filter(token => !/^[ \t\r\n]/.test(token));
  let line = { depth: 0, pointer: "", parts: [] };
  const next = (depth, pointer) => { found.push(line); line = { depth, pointer, parts: [] }; };
  const childPointer = box => box.pointer === null || open.length > DEEPEST ? null
    : box.close === "]" ? `${box.pointer}/${box.index}` : box.pointer;

  tokens.forEach((token, at) => {
    const box = open.at(-1);
    if (token in CLOSES) {
      line.parts.push(["mark", token]);
      const inner = { close: CLOSES[token], pointer: line.pointer, index: 0, wantsKey: token === "{" };
      open.push(inner);
      if (tokens[at + 1] !== inner.close) next(open.length, childPointer(inner));
    } else if (token === "}" || token === "]") {
      open.pop();
      if (tokens[at - 1] !== (token === "}" ? "{" : "[")) next(open.length, null);
      line.parts.push(["mark", token]);
    } else if (token === ",") {
      line.parts.push(["mark", ","]);
      if (!box) return;
      box.index += 1;
      box.wantsKey = box.close === "}";
      next(open.length, childPointer(box));
    } else if (token === ":") {
      line.parts.push(["mark", ": "]);
    } else if (box?.wantsKey) {
      box.wantsKey = false;
      line.pointer = childPointer(box) === null ? null : `${box.pointer}/${escaped(JSON.parse(token))}`;
      line.parts.push(["key", token]);
    } else {
      line.parts.push([kindOf(token), token]);
    }
  });
  found.push(line);
  return found;
}

/** Where the mock's words say that a text or its bytes go wrong: {character} or {byte}; they count code points. */
export function place(message) {
  const character = /at character (\d+)$/.exec(message);
  const byte = /^byte (\d+) is not/.exec(message);
  return character ? { character: Number(character[1]) } : byte ? { byte: Number(byte[1]) } : null;
}

/** UTF-16 units before a number of code points. */
export function units(text, points) {
  let at = 0;
  for (let n = 0; n < points && at < text.length; n += 1) at += text.codePointAt(at) > 0xffff ? 2 : 1;
  return at;
}

/** Rows of a hex dump, sixteen bytes each: [offset, hex, text]. */
export function* hex(bytes, from, to) {
  for (let at = from; at < Math.min(to, bytes.length); at += 16) {
    const some = [...bytes.subarray(at, at + 16)];
    yield [
      at.toString(16).padStart(6, "0"),
      some.map(byte => byte.toString(16).padStart(2, "0")),
      some.map(byte => byte > 31 && byte < 127 ? String.fromCharCode(byte) : "·").join(""),
    ];
  }
}
