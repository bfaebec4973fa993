import type { Message } from "@parley/client";
import { useParley } from "@parley/react";
import { type ReactNode, type RefObject, useEffect, useRef, useState } from "react";
import { type Card, Cards } from "./cards";
import { firstLink } from "./link";
import styles from "./preview.module.css";

/** What the first link of a message leads to, once it was seen; nothing where the server has nothing to say of it. */
export function Preview({ message }: { message: Pick<Message, "text" | "deletedAt"> }): ReactNode {
  const link = message.deletedAt === undefined ? firstLink(message.text) : undefined;
  return link === undefined ? null : <Linked key={link} link={link} />;
}

function Linked({ link }: { link: string }): ReactNode {
  const cards = Cards.of(useParley());
  const [card, setCard] = useState<Card | null | undefined>(() => cards.peek(link));
  const place = useRef<HTMLSpanElement>(null);
  useSeen(place, card === undefined, () => {
    void cards.ask(link).then(setCard);
  });
  if (card === undefined) return <span ref={place} className={styles.place} />;
  return card && <Shown card={card} link={link} />;
}

/** Calls `seen` once what `place` refers to is on the screen, while `awaited`. */
function useSeen(place: RefObject<Element | null>, awaited: boolean, seen: () => void): void {
  const told = useRef(seen);
  told.current = seen;
  useEffect(() => {
    if (!awaited || !place.current) return;
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      told.current();
    });
    observer.observe(place.current);
    return () => observer.disconnect();
  }, [place, awaited]);
}

function Shown({ card, link }: { card: Card; link: string }): ReactNode {
  return (
    <a className={styles.card} href={link} target="_blank" rel="noopener noreferrer nofollow">
      <span className={styles.about}>
        <span className={styles.site} dir="auto">
          {card.site}
        </span>
        <span className={styles.title} dir="auto">
          {card.title}
        </span>
        {card.description !== undefined && (
          <span className={styles.description} dir="auto">
            {card.description}
          </span>
        )}
      </span>
      {card.image !== undefined && <img className={styles.image} src={card.image} alt="" decoding="async" />}
    </a>
  );
}
