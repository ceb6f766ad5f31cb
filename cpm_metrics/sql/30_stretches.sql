-- One row: a stretch between two reviews of a period of care; the first begins with care, the last has no review yet.
CREATE TABLE stretches AS
WITH starts AS (
    SELECT child_id, care_started, care_started AS anchor, 1 AS n FROM periods
    UNION ALL
    SELECT child_id, care_started, review_date, n + 1 FROM held_reviews
),
booked AS (
    SELECT child_id, care_started, min(review_date) AS booked_date
    FROM timeline_reviews WHERE state = 'booked' GROUP BY ALL
),
timed AS (
    SELECT s.*, p.care_ceased, k.reviews_known, k.known_until, k.unsure AND s.n = 2 AS unsure,
        CASE
            WHEN k.unsure AND s.n = 2 THEN NULL
            WHEN s.n = 1 THEN $first_review
            WHEN s.n = 2 AND k.reviews_known <> 'latest' THEN $second_review
            ELSE $later_review
        END AS review_due,
        h.review_date AS held_date, h.meeting_id,
        CASE WHEN h.review_date IS NULL THEN b.booked_date END AS booked_date
    FROM starts s
    JOIN periods p USING (child_id, care_started)
    JOIN review_knowledge k USING (child_id, care_started)
    LEFT JOIN calendar ON calendar.day = s.anchor
    LEFT JOIN held_reviews h ON h.child_id = s.child_id AND h.care_started = s.care_started AND h.n = s.n
    LEFT JOIN booked b ON b.child_id = s.child_id AND b.care_started = s.care_started
),
-- When the review was due, and what would have to be known where that can't be told: `missing`.
dated AS (
    SELECT t.* EXCLUDE (unsure, known_until, review_due),
        CASE WHEN t.unsure THEN 'Reviews (whether the known one was the first or the second)'
             WHEN after_the_return THEN 'Reviews after ' || on_day(t.known_until) END AS missing,
        CASE WHEN NOT after_the_return THEN t.review_due END AS review_due
    FROM (SELECT *, coalesce(held_date IS NULL AND booked_date IS NULL AND known_until < as_at() AND review_due > known_until, false) AS after_the_return FROM timed) t
),
-- One row: a stretch that care proceedings overlap. Still open, it reaches to the end of care or the as-at date.
court AS (
    SELECT DISTINCT t.child_id, t.care_started, t.n
    FROM dated t JOIN proceedings_known pr
      ON pr.child_id = t.child_id
     AND pr.issued <= coalesce(t.held_date, t.care_ceased, as_at()) AND (pr.concluded IS NULL OR pr.concluded >= t.anchor)
),
-- One row: a stretch that an interim care order overlaps, of a child with no proceedings row.
interim AS (
    SELECT DISTINCT t.child_id, t.care_started, t.n
    FROM dated t JOIN legal_known l
      ON l.child_id = t.child_id AND l.legal_code = 'C1'
     AND l.legal_status_start <= coalesce(t.held_date, t.care_ceased, as_at())
     AND (l.legal_status_end IS NULL OR l.legal_status_end >= t.anchor)
    WHERE t.child_id NOT IN (SELECT child_id FROM proceedings_known)
)
SELECT t.child_id, t.care_started, t.n, t.anchor AS anchor_date, t.review_due, t.held_date, t.meeting_id AS review_meeting_id,
    t.booked_date, coalesce(t.held_date, t.booked_date, t.review_due) AS ends_on, t.care_ceased, t.reviews_known, t.missing,
    court.n IS NOT NULL AS in_proceedings,
    interim.n IS NOT NULL AND court.n IS NULL AS inferred,
    CASE
        WHEN court.n IS NOT NULL OR interim.n IS NOT NULL THEN true
        WHEN t.anchor < p.permanence_achieved THEN true
        WHEN p.permanence_achieved IS NULL AND coalesce(p.planning_permanence, p.has_permanence_achieved) THEN true
        WHEN p.permanence_achieved IS NULL AND p.planning_permanence IS NULL THEN NULL
        -- Not planning for permanence; and if nothing loaded could have shown proceedings, that isn't known either.
        WHEN is_loaded('proceedings') OR is_loaded('legal_statuses') OR p.has_legal_status THEN false
    END AS in_scope
FROM dated t
JOIN periods p USING (child_id, care_started)
LEFT JOIN court USING (child_id, care_started, n)
LEFT JOIN interim USING (child_id, care_started, n);
