-- What a post's platform takes for it, in thousandths of a US dollar; what is booked is what was asked for.
ALTER TABLE mission_posts ADD COLUMN price INTEGER NOT NULL DEFAULT 0;
UPDATE mission_posts SET price = CASE WHEN instr(text, '://') > 0 THEN 200 ELSE 15 END WHERE platform = 'x';
