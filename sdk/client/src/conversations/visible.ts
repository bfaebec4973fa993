export interface VisibleOptions {
  /** Where the messages are. Default: the document. */
  root?: ParentNode & Node;
  /** How much of a message is to be seen. Default 0.5. */
  threshold?: number;
}

const named = "data-message-id";

/**
 * Calls `seen` once for each message that comes into view: elements with
 * `data-message-id`, those that come later too, until the function that it
 * returns is called. A page that nobody looks at shows nothing.
 */
export function watchVisibleMessages(
  seen: (messageId: string) => void,
  options: VisibleOptions = {},
): () => void {
  const root = options.root ?? document;
  const told = new Set<string>();
  const inView = new Set<Element>();
  const look = (element: Element) => {
    const id = element.getAttribute(named);
    if (id === null || id === "" || told.has(id) || document.visibilityState === "hidden") return;
    told.add(id);
    seen(id);
  };
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (isIntersecting) inView.add(target);
        else inView.delete(target);
        if (isIntersecting) look(target);
      }
    },
    { threshold: options.threshold ?? 0.5 },
  );
  const watch = (node: Node) => {
    for (const element of messagesIn(node)) observer.observe(element);
  };
  const forget = (node: Node) => {
    for (const element of messagesIn(node)) {
      observer.unobserve(element);
      inView.delete(element);
    }
  };
  const changes = new MutationObserver((records) => {
    for (const { type, target, addedNodes, removedNodes } of records) {
      removedNodes.forEach(forget);
      addedNodes.forEach(watch);
      if (type !== "attributes" || !(target instanceof Element)) continue;
      if (inView.has(target))
        look(target); // it has another id now
      else observer.observe(target);
    }
  });
  const shown = () => inView.forEach(look);
  watch(root);
  changes.observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: [named] });
  document.addEventListener("visibilitychange", shown);
  return () => {
    observer.disconnect();
    changes.disconnect();
    document.removeEventListener("visibilitychange", shown);
  };
}

function messagesIn(node: Node): Element[] {
  if (!(node instanceof Element || node instanceof Document || node instanceof DocumentFragment)) return [];
  const below = [...node.querySelectorAll(`[${named}]`)];
  return node instanceof Element && node.hasAttribute(named) ? [node, ...below] : below;
}
